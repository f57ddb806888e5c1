//! Reason codes of keys, signatures and PKCS#11 tokens.

reasons! {
    TOO_LARGE = "WL-KEY-TOO-LARGE", Usage {
        what: "The key file is larger, or holds more PEM blocks, than any key file does.",
        why: "A key file has a few hundred bytes. Anything else was given by mistake, or to use up memory.",
        example: "`--key model.safetensors`.",
        fix: "Give the key file itself. Keep certificate chains in a file of their own.",
    }
    NOT_A_KEY = "WL-KEY-NOT-A-KEY", Usage {
        what: "The file holds no key.",
        why: "Keys are read from PEM files, which have a line `-----BEGIN … KEY-----`. This one has none.",
        example: "`--public-key notes.txt`, or a certificate request.",
        fix: "Give the PEM file. A key in DER form is converted with `openssl pkey -inform DER -in OLD -out NEW`.",
    }
    MALFORMED = "WL-KEY-MALFORMED", Usage {
        what: "The key file is damaged.",
        why: "A key that can be read in two ways is two keys. Only the one correct encoding is accepted.",
        example: "A line of the file was lost in copy and paste, or a character changed.",
        fix: "Copy the key again from where it was made, and compare it there.",
    }
    TRAILING_DATA = "WL-KEY-TRAILING-DATA", Usage {
        what: "Bytes follow the end of the key inside its PEM block.",
        why: "Two programs could take such a file for two different keys.",
        example: "Two keys joined into one base64 text.",
        fix: "Write the key again with the program that made it, for example `openssl pkey -in OLD -out NEW`.",
    }
    SEVERAL = "WL-KEY-SEVERAL", Usage {
        what: "The file holds more than one key.",
        why: "It would be left to chance which of them is trusted or used.",
        example: "`cat a.pub b.pub > keys.pub`.",
        fix: "Keep one key in a file, and name the one that is meant.",
    }
    IS_PRIVATE = "WL-KEY-IS-PRIVATE", Usage {
        what: "A private key was given where a public key belongs.",
        why: "Checking a signature needs the public half only. A private key that travels to where signatures are \
              checked is a key that can be stolen there.",
        example: "`verify --public-key signer.key`.",
        fix: "Give the public half, usually the `.pub` file. `openssl pkey -in signer.key -pubout` writes it.",
    }
    IS_PUBLIC = "WL-KEY-IS-PUBLIC", Usage {
        what: "A public key was given where a private key belongs.",
        why: "Only the private half can make signatures.",
        example: "`sign --key signer.pub`.",
        fix: "Give the private half, usually the `.key` file.",
    }
    IS_CERTIFICATE = "WL-KEY-IS-CERTIFICATE", Usage {
        what: "A certificate was given where a key belongs.",
        why: "A certificate also says who vouches for the key and until when. Taking only the key out of it would \
              skip those checks without a word.",
        example: "`verify key --public-key signer.crt`.",
        fix: "Use the certificate method with the root you trust. If the key alone is what you trust, write it to \
              a file with `openssl x509 -in FILE -noout -pubkey`.",
    }
    UNSUPPORTED_ALGORITHM = "WL-KEY-UNSUPPORTED-ALGORITHM", NoAnswer {
        what: "The key is of a kind that Weightlock does not use.",
        why: "Few kinds, each well understood, leave less room for mistakes. The format for model signatures allows \
              only P-256, P-384 and P-521.",
        example: "An RSA or Ed448 key.",
        fix: "Sign with a P-256 key: `weightlock key generate`.",
    }
    UNSUPPORTED_CURVE = "WL-KEY-UNSUPPORTED-CURVE", NoAnswer {
        what: "The key lies on an elliptic curve that Weightlock does not use.",
        why: "The format for model signatures allows only P-256, P-384 and P-521.",
        example: "A secp256k1 key from a cryptocurrency wallet.",
        fix: "Sign with a P-256 key: `weightlock key generate`.",
    }
    EXPLICIT_PARAMETERS = "WL-KEY-EXPLICIT-PARAMETERS", Usage {
        what: "The key describes its own elliptic curve instead of naming a known one.",
        why: "Whoever chooses the curve can make a second private key for somebody else's public key \
              (CVE-2020-0601).",
        example: "A key written with `-param_enc explicit`.",
        fix: "Write it with the curve's name: `openssl ec -in OLD -param_enc named_curve -out NEW`.",
    }
    INVALID_NUMBER = "WL-KEY-INVALID", Usage {
        what: "The numbers of the key are impossible: a point outside its curve, or a private number out of range.",
        why: "Calculating with such a key can reveal secrets or accept signatures nobody made.",
        example: "A key with one damaged character, or one made to attack.",
        fix: "Copy the key again from where it was made. If it is the same there, make a new one.",
    }
    MISMATCH = "WL-KEY-MISMATCH", Usage {
        what: "The private key and the public key stored with it belong to different keys.",
        why: "Signatures made with it could not be checked with the public key its owner believes in.",
        example: "A key file put together by hand, or damaged.",
        fix: "Restore the key from a backup, or make a new one.",
    }
    NOT_FOR_OMS = "WL-KEY-NOT-FOR-OMS", Usage {
        what: "This kind of key cannot be used for OpenSSF model signatures.",
        why: "The format names P-256, P-384 and P-521. Other tools would refuse the signature.",
        example: "Signing a model with an Ed25519 key.",
        fix: "Use a P-256 key: `weightlock key generate`. Ed25519 keys serve for blobs and attestations.",
    }
    LEGACY_ENCRYPTION = "WL-KEY-LEGACY-ENCRYPTION", Usage {
        what: "The private key is encrypted in OpenSSL's old form.",
        why: "That form derives the key from the password with one round of MD5: it protects very little.",
        example: "A file with the line `Proc-Type: 4,ENCRYPTED`.",
        fix: "Convert it once: `openssl pkcs8 -topk8 -in OLD -out NEW`, and delete the old file.",
    }
    UNSUPPORTED_ENCRYPTION = "WL-KEY-UNSUPPORTED-ENCRYPTION", Usage {
        what: "The private key is encrypted with a method that is not read.",
        why: "PBES2 with PBKDF2 or scrypt and AES is what OpenSSL, Go and Java write today. Older methods are weak.",
        example: "A key encrypted with PBES1 and DES.",
        fix: "Convert it once: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW`.",
    }
    KDF_LIMIT = "WL-KEY-KDF-LIMIT", Usage {
        what: "Opening the key would need far more memory or time than any honest key asks for, or none at all.",
        why: "The cost stands in the file. A stranger's file could stop the machine; one with no cost protects \
              nothing.",
        example: "A key that asks for 100 GB of memory.",
        fix: "Encrypt the key again with usual parameters: `openssl pkcs8 -topk8 -scrypt -in OLD -out NEW`.",
    }
    WRONG_PASSWORD = "WL-KEY-WRONG-PASSWORD", Usage {
        what: "The password does not open the key.",
        why: "Either the password is another one, or the file is damaged: the format cannot tell them apart.",
        example: "A password file with the password of another key.",
        fix: "Try the password again; mind keyboard layout and trailing blanks. Otherwise restore the file.",
    }
    NO_RANDOM = "WL-KEY-NO-RANDOM", CouldNotWork {
        what: "The operating system gave no random numbers.",
        why: "A key made without them could be guessed.",
        example: "A sandbox without the getrandom system call.",
        fix: "Make the key on a normal system, or allow the system call.",
    }
    SIGNING_FAILED = "WL-KEY-SIGNING-FAILED", CouldNotWork {
        what: "The signature could not be computed.",
        why: "Nothing was written: a signature exists completely or not at all.",
        example: "Not known to happen with a key that could be read.",
        fix: "Check the machine's memory. Please report the case if it happens again.",
    }
    SIGNATURE_ENCODING = "WL-SIG-ENCODING", No {
        what: "The signature is not encoded the way signatures of this key are.",
        why: "Only the one shortest encoding is accepted, so that a signature cannot be altered unnoticed.",
        example: "A truncated signature, bytes appended to it, or an Ed25519 signature with a P-256 key.",
        fix: "Fetch the signature again. Check that the key is the signer's.",
    }
    SIGNATURE_RANGE = "WL-SIG-RANGE", No {
        what: "The signature holds an impossible number.",
        why: "Zero and numbers beyond the size of the curve have been used to forge signatures for any message.",
        example: "A signature that consists of zeros.",
        fix: "Treat the file as forged. Fetch it from its origin.",
    }
    SIGNATURE_MISMATCH = "WL-SIG-MISMATCH", No {
        what: "The signature was not made with this key over these bytes.",
        why: "Either the signed content was changed, or somebody else signed it.",
        example: "The signed statement was edited, or the wrong public key was given.",
        fix: "Check the key first. If it is the signer's, do not use the content.",
    }
    PKCS11_URI = "WL-PKCS11-URI", Usage {
        what: "The PKCS#11 URI is not valid.",
        why: "A URI that is read in two ways could name another key than the one that was meant.",
        example: "`pkcs11:token=My Token`: the space must be written `%20`.",
        fix: "Correct the part that is named. `p11tool --list-tokens` prints URIs to copy.",
    }
    PKCS11_PIN_SOURCE = "WL-PKCS11-PIN-SOURCE", Usage {
        what: "The place the PIN should come from cannot be used.",
        why: "The PIN is read from a local file or asked for. No command is run and no address is opened for it.",
        example: "`pin-source=|get-pin`, or a file that does not exist.",
        fix: "Write the PIN to a file that only you can read and name it: `pin-source=/path/to/pin`.",
    }
    PKCS11_MODULE_MISSING = "WL-PKCS11-MODULE-MISSING", Usage {
        what: "It is not known which PKCS#11 module to use, or it is not where such modules lie.",
        why: "The module is the vendor's program that talks to the token. Nothing is searched for outside the \
              system's folders.",
        example: "A URI without `module-path`, or `module-name=softhsm2` where it is not installed.",
        fix: "Add `?module-path=/path/to/module.so` to the URI.",
    }
    PKCS11_MODULE_LOAD = "WL-PKCS11-MODULE-LOAD", CouldNotWork {
        what: "The PKCS#11 module cannot be loaded or started.",
        why: "The vendor's program is missing something, is made for another processor, or is no PKCS#11 module.",
        example: "`module-path=/usr/lib/libc.so`.",
        fix: "Check the path, and try the module with `pkcs11-tool --module PATH --list-slots`.",
    }
    PKCS11_TOKEN_MISSING = "WL-PKCS11-TOKEN-MISSING", CouldNotWork {
        what: "No token fits the URI.",
        why: "The key is on a token that is not plugged in, not initialised, or named differently.",
        example: "`token=Signng`, or the smart card is in the drawer.",
        fix: "Plug the token in; compare with `pkcs11-tool --module PATH --list-slots`.",
    }
    PKCS11_TOKEN_AMBIGUOUS = "WL-PKCS11-TOKEN-AMBIGUOUS", Usage {
        what: "Several tokens fit the URI.",
        why: "It would be left to chance which token signs.",
        example: "A URI without `token=` while two tokens are plugged in.",
        fix: "Add `token=`, `serial=` or `slot-id=` to the URI.",
    }
    PKCS11_KEY_MISSING = "WL-PKCS11-KEY-MISSING", CouldNotWork {
        what: "The token has no private key that fits the URI.",
        why: "The label or id is another one, or the key is not visible to this user.",
        example: "`object=model-key` on a token whose key is labelled `model_key`.",
        fix: "Compare with `pkcs11-tool --module PATH --login --list-objects`.",
    }
    PKCS11_KEY_AMBIGUOUS = "WL-PKCS11-KEY-AMBIGUOUS", Usage {
        what: "Several keys on the token fit the URI.",
        why: "It would be left to chance which key signs.",
        example: "A URI without `object=` and `id=`, or two keys with the same label.",
        fix: "Add `id=` (and `object=`) to the URI.",
    }
    PKCS11_PUBLIC_KEY_MISSING = "WL-PKCS11-PUBLIC-KEY-MISSING", CouldNotWork {
        what: "The public half of the key is not on the token.",
        why: "Every signature is checked before it is given out, and the signature names the public key.",
        example: "Only the private key was imported.",
        fix: "Import the public key or certificate with the same id, or give the certificate when signing.",
    }
    PKCS11_CERTIFICATE_MISSING = "WL-PKCS11-CERTIFICATE-MISSING", CouldNotWork {
        what: "The token has no certificate, or several, that fit the URI.",
        why: "Without the one certificate it cannot be said who signs.",
        example: "Only the key pair was imported.",
        fix: "Import the certificate with the key's id, or give it as a file.",
    }
    PKCS11_UNSUPPORTED_KEY = "WL-PKCS11-UNSUPPORTED-KEY", NoAnswer {
        what: "The key on the token is of a kind that Weightlock does not use, or may not sign.",
        why: "Tokens sign with ECDSA on P-256, P-384 or P-521.",
        example: "An RSA key, or an EC key made for key agreement only.",
        fix: "Make an EC key for signing: `pkcs11-tool --keypairgen --key-type EC:prime256v1 --usage-sign`.",
    }
    PKCS11_PIN_WRONG = "WL-PKCS11-PIN-WRONG", Usage {
        what: "The token refused the PIN.",
        why: "After a few wrong PINs the token locks itself.",
        example: "A PIN file with the PIN of another token.",
        fix: "Check the PIN before trying again; the number of tries is small.",
    }
    PKCS11_PIN_LOCKED = "WL-PKCS11-PIN-LOCKED", CouldNotWork {
        what: "The token is locked after too many wrong PINs.",
        why: "The token protects the key against guessing.",
        example: "A script retried with an old PIN.",
        fix: "Unlock it with the security officer's PIN (SO PIN) or the vendor's tool.",
    }
    PKCS11_FAILED = "WL-PKCS11-FAILED", CouldNotWork {
        what: "The token or its module reported an error.",
        why: "The module's own message is shown with the operation that failed.",
        example: "The token was pulled out while signing.",
        fix: "Try again; then try the operation with `pkcs11-tool` to see the vendor's message.",
    }
    PKCS11_BAD_SIGNATURE = "WL-PKCS11-BAD-SIGNATURE", CouldNotWork {
        what: "The token made a signature that does not fit its public key.",
        why: "It would be refused by everybody who verifies it, and may reveal a fault of the token.",
        example: "A public key or certificate with the same label that belongs to another private key.",
        fix: "Check that private and public key with this id belong together.",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn codes_are_unique_and_explained() {
        let codes: std::collections::BTreeSet<_> =
            super::EXPLANATIONS.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), super::EXPLANATIONS.len());
    }
}
