 
	{
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {
        "publicKey": {
            "hint": "963893f47a4dcd513b8485ccffca22b51687155e07ac6f3118bf45de85d8b427"
        },
        "tlogEntries": []
    },
    "dsseEnvelope": {
        "payload": "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJuYW1lIjoiYmFzaWMiLCJkaWdlc3QiOnsic2hhMjU2IjoiMWRlNDMyOTA4Yzg5MDM2YWJkYjQ2MGVhOTE5NjYwOWEzYjFjYzE2YmY0YjJiODc3MGFhYjk4MWY0YmFmMTIwYiJ9fV0sInByZWRpY2F0ZVR5cGUiOiJodHRwczovL21vZGVsX3NpZ25pbmcvc2lnbmF0dXJlL3YxLjAiLCJwcmVkaWNhdGUiOnsic2VyaWFsaXphdGlvbiI6eyJtZXRob2QiOiJmaWxlcyIsImhhc2hfdHlwZSI6InNoYTI1NiIsImFsbG93X3N5bWxpbmtzIjpmYWxzZSwiaWdub3JlX3BhdGhzIjpbIi5naXQiLCIuZ2l0YXR0cmlidXRlcyIsIi5naXRodWIiLCIuZ2l0aWdub3JlIl19LCJyZXNvdXJjZXMiOlt7Im5hbWUiOiJjb25maWcuanNvbiIsImFsZ29yaXRobSI6InNoYTI1NiIsImRpZ2VzdCI6ImJlMjViYzM4ZDMxOTBhMDQ2NjI5ODg0NjkyMjIyYjc3YThiOTc3MmUyMzUyZDliOGViNmU0ODUzZGE5NjcyYTIifSx7Im5hbWUiOiJtb2RlbC5zYWZldGVuc29ycyIsImFsZ29yaXRobSI6InNoYTI1NiIsImRpZ2VzdCI6IjYyZmMzOWVhYjY1ZjFlMTE1Mzc3ZTZmN2Q2OGUxMWQyNTc2NWFjMWEyYmU5MmM0Mjc2YjY0NTlkNGYyMDY0MmEifSx7Im5hbWUiOiJ0b2tlbml6ZXIuanNvbiIsImFsZ29yaXRobSI6InNoYTI1NiIsImRpZ2VzdCI6ImU0YzVlMmE0MWIyYTEzNmQwZWUzMTJmYmI1NmYzYTFjMzg2MDhmMjFiNzI1MDM0MzViODg3N2QwMzRiYThmOWQifV19fQ==",
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [
            {
                "sig": "MEUCIQC1/LlhnwJBQcKQBopncXFAALYW0D7cQK1Yec8ApaP3NQIgEPdMK63GQgGto+BRiuf1sKRsrGWoSBwQcmllJeRsqLI=",
                "keyid": ""
            }
        ]
    }
}

