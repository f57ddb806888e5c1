//! Reason codes of keys, signatures, PKCS#11 tokens and services that keep keys.

reasons! {
    TOO_LARGE = "WL-KEY-TOO-LARGE", Usage {
        what: "the key file is larger, or holds more PEM blocks, than any key file does",
        why: "a key file has a few hundred bytes; anything else was given by mistake, or to use up memory",
        example: "`--key model.safetensors`",
        fix: "give the key file itself; keep certificate chains in a file of their own",
    }
    NOT_A_KEY = "WL-KEY-NOT-A-KEY", Usage {
        what: "the file holds no key",
        why: "keys are read from PEM files, which have a line `-----BEGIN … KEY-----`; this one has none",
        example: "`--public-key notes.txt`, or a certificate request",
        fix: "give the PEM file; a key in DER form is converted with `openssl pkey -inform DER -in OLD -out NEW`",
    }
    MALFORMED = "WL-KEY-MALFORMED", Usage {
        what: "the key file is damaged",
        why: "a key that can be read in two ways is two keys; only the one correct encoding is accepted",
        example: "a line of the file was lost in copy and paste, or a character changed",
        fix: "copy the key again from where it was made, and compare it there",
    }
    TRAILING_DATA = "WL-KEY-TRAILING-DATA", Usage {
        what: "bytes follow the end of the key inside its PEM block",
        why: "two programs could take such a file for two different keys",
        example: "two keys joined into one base64 text",
        fix: "write the key again with the program that made it, for example `openssl pkey -in OLD -out NEW`",
    }
    SEVERAL = "WL-KEY-SEVERAL", Usage {
        what: "the file holds more than one key",
        why: "it would be left to chance which of them is trusted or used",
        example: "`cat a.pub b.pub > keys.pub`",
        fix: "keep one key in a file, and name the one that is meant",
    }
    IS_PRIVATE = "WL-KEY-IS-PRIVATE", Usage {
        what: "a private key was given where a public key belongs",
        why: "checking a signature needs the public half only; a private key that travels to where signatures are \
              checked is a key that can be stolen there",
        example: "`verify --public-key signer.key`",
        fix: "give the public half, usually the `.pub` file; `openssl pkey -in signer.key -pubout` writes it",
    }
    IS_PUBLIC = "WL-KEY-IS-PUBLIC", Usage {
        what: "a public key was given where a private key belongs",
        why: "only the private half can make signatures",
        example: "`sign --key signer.pub`",
        fix: "give the private half, usually the `.key` file",
    }
    IS_CERTIFICATE = "WL-KEY-IS-CERTIFICATE", Usage {
        what: "a certificate was given where a key belongs",
        why: "a certificate also says who vouches for the key and until when; taking only the key out of it would skip \
              those checks without a word",
        example: "`verify key --public-key signer.crt`",
        fix: "use the certificate method with the root you trust; if the key alone is what you trust, write it to a \
              file with `openssl x509 -in FILE -noout -pubkey`",
    }
    UNSUPPORTED_ALGORITHM = "WL-KEY-UNSUPPORTED-ALGORITHM", NoAnswer {
        what: "the key is of a kind that Weightlock does not use",
        why: "few kinds, each well understood, leave less room for mistakes; the format for model signatures allows \
              only P-256, P-384 and P-521",
        example: "an RSA or Ed448 key",
        fix: "sign with a P-256 key: `weightlock key generate`",
    }
    UNSUPPORTED_CURVE = "WL-KEY-UNSUPPORTED-CURVE", NoAnswer {
        what: "the key lies on an elliptic curve that Weightlock does not use",
        why: "the format for model signatures allows only P-256, P-384 and P-521",
        example: "a secp256k1 key from a cryptocurrency wallet",
        fix: "sign with a P-256 key: `weightlock key generate`",
    }
    EXPLICIT_PARAMETERS = "WL-KEY-EXPLICIT-PARAMETERS", Usage {
        what: "the key describes its own elliptic curve instead of naming a known one",
        why: "whoever chooses the curve can make a second private key for somebody else's public key (CVE-2020-0601)",
        example: "a key written with `-param_enc explicit`",
        fix: "write it with the curve's name: `openssl ec -in OLD -param_enc named_curve -out NEW`",
    }
    INVALID_NUMBER = "WL-KEY-INVALID", Usage {
        what: "the numbers of the key are impossible: a point outside its curve, or a private number out of range",
        why: "calculating with such a key can reveal secrets or accept signatures nobody made",
        example: "a key with one damaged character, or one made to attack",
        fix: "copy the key again from where it was made; if it is the same there, make a new one",
    }
    MISMATCH = "WL-KEY-MISMATCH", Usage {
        what: "the private key and the public key stored with it belong to different keys",
        why: "signatures made with it could not be checked with the public key its owner believes in",
        example: "a key file put together by hand, or damaged",
        fix: "restore the key from a backup, or make a new one",
    }
    NOT_FOR_OMS = "WL-KEY-NOT-FOR-OMS", Usage {
        what: "this kind of key cannot be used for OpenSSF model signatures",
        why: "the format names P-256, P-384 and P-521; other tools would refuse the signature",
        example: "signing a model with an Ed25519 key",
        fix: "use a P-256 key: `weightlock key generate`; Ed25519 keys serve for blobs and attestations",
    }
    LEGACY_ENCRYPTION = "WL-KEY-LEGACY-ENCRYPTION", Usage {
        what: "the private key is encrypted in OpenSSL's old form",
        why: "that form derives the key from the password with one round of MD5: it protects very little",
        example: "a file with the line `Proc-Type: 4,ENCRYPTED`",
        fix: "convert it once: `openssl pkcs8 -topk8 -in OLD -out NEW`, and delete the old file",
    }
    UNSUPPORTED_ENCRYPTION = "WL-KEY-UNSUPPORTED-ENCRYPTION", Usage {
        what: "the private key is encrypted with a method that is not read",
        why: "PBES2 with PBKDF2 or scrypt and AES is what OpenSSL, Go and Java write today; older methods are weak",
        example: "a key encrypted with PBES1 and DES",
        fix: "convert it once: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW`",
    }
    KDF_LIMIT = "WL-KEY-KDF-LIMIT", Usage {
        what: "opening the key would need far more memory or time than any honest key asks for, or none at all",
        why: "the cost stands in the file; a stranger's file could stop the machine; one with no cost protects nothing",
        example: "a key that asks for 100 GB of memory",
        fix: "encrypt the key again with usual parameters: `openssl pkcs8 -topk8 -scrypt -in OLD -out NEW`",
    }
    WRONG_PASSWORD = "WL-KEY-WRONG-PASSWORD", Usage {
        what: "the password does not open the key",
        why: "either the password is another one, or the file is damaged: the format cannot tell them apart",
        example: "a password file with the password of another key",
        fix: "try the password again; mind keyboard layout and trailing blanks; otherwise restore the file",
    }
    NO_RANDOM = "WL-KEY-NO-RANDOM", CouldNotWork {
        what: "the operating system gave no random numbers",
        why: "a key made without them could be guessed",
        example: "a sandbox without the getrandom system call",
        fix: "make the key on a normal system, or allow the system call",
    }
    SIGNING_FAILED = "WL-KEY-SIGNING-FAILED", CouldNotWork {
        what: "the signature could not be computed",
        why: "nothing was written: a signature exists completely or not at all",
        example: "not known to happen with a key that could be read",
        fix: "check the machine's memory; please report the case if it happens again",
    }
    SIGNATURE_ENCODING = "WL-SIG-ENCODING", No {
        what: "the signature is not encoded the way signatures of this key are",
        why: "only the one shortest encoding is accepted, so that a signature cannot be altered unnoticed",
        example: "a truncated signature, bytes appended to it, or an Ed25519 signature with a P-256 key",
        fix: "fetch the signature again; check that the key is the signer's",
    }
    SIGNATURE_RANGE = "WL-SIG-RANGE", No {
        what: "the signature holds an impossible number",
        why: "zero and numbers beyond the size of the curve have been used to forge signatures for any message",
        example: "a signature that consists of zeros",
        fix: "treat the file as forged; fetch it from its origin",
    }
    SIGNATURE_MISMATCH = "WL-SIG-MISMATCH", No {
        what: "the signature was not made with this key over these bytes",
        why: "either the signed content was changed, or somebody else signed it",
        example: "the signed statement was edited, or the wrong public key was given",
        fix: "check the key first; if it is the signer's, do not use the content",
    }
    SIGNATURE_PREHASHED = "WL-SIG-PREHASHED", NoAnswer {
        what: "the signature is by an Ed25519 key, and only a digest of what was signed is at hand",
        why: "Ed25519 signs the message itself; a digest says nothing about such a signature",
        example: "`sha256:...` given in the place of the file",
        fix: "give the file itself",
    }
    PKCS11_URI = "WL-PKCS11-URI", Usage {
        what: "the PKCS#11 URI is not valid",
        why: "a URI that is read in two ways could name another key than the one that was meant",
        example: "`pkcs11:token=My Token`: the space must be written `%20`",
        fix: "correct the part that is named; `p11tool --list-tokens` prints URIs to copy",
    }
    PKCS11_PIN_SOURCE = "WL-PKCS11-PIN-SOURCE", Usage {
        what: "the place the PIN should come from cannot be used",
        why: "the PIN is read from a local file or asked for; no command is run and no address is opened for it",
        example: "`pin-source=|get-pin`, or a file that does not exist",
        fix: "write the PIN to a file that only you can read and name it: `pin-source=/path/to/pin`",
    }
    PKCS11_MODULE_MISSING = "WL-PKCS11-MODULE-MISSING", Usage {
        what: "it is not known which PKCS#11 module to use, or it is not where such modules lie",
        why: "the module is the vendor's program that talks to the token; nothing is searched for outside the system's \
              folders",
        example: "a URI without `module-path`, or `module-name=softhsm2` where it is not installed",
        fix: "add `?module-path=/path/to/module.so` to the URI",
    }
    PKCS11_MODULE_LOAD = "WL-PKCS11-MODULE-LOAD", CouldNotWork {
        what: "the PKCS#11 module cannot be loaded or started",
        why: "the vendor's program is missing something, is made for another processor, or is no PKCS#11 module",
        example: "`module-path=/usr/lib/libc.so`",
        fix: "check the path, and try the module with `pkcs11-tool --module PATH --list-slots`",
    }
    PKCS11_TOKEN_MISSING = "WL-PKCS11-TOKEN-MISSING", CouldNotWork {
        what: "no token fits the URI",
        why: "the key is on a token that is not plugged in, not initialised, or named differently",
        example: "`token=Signng`, or the smart card is in the drawer",
        fix: "plug the token in; compare with `pkcs11-tool --module PATH --list-slots`",
    }
    PKCS11_TOKEN_AMBIGUOUS = "WL-PKCS11-TOKEN-AMBIGUOUS", Usage {
        what: "several tokens fit the URI",
        why: "it would be left to chance which token signs",
        example: "a URI without `token=` while two tokens are plugged in",
        fix: "add `token=`, `serial=` or `slot-id=` to the URI",
    }
    PKCS11_KEY_MISSING = "WL-PKCS11-KEY-MISSING", CouldNotWork {
        what: "the token has no private key that fits the URI",
        why: "the label or id is another one, or the key is not visible to this user",
        example: "`object=model-key` on a token whose key is labelled `model_key`",
        fix: "compare with `pkcs11-tool --module PATH --login --list-objects`",
    }
    PKCS11_KEY_AMBIGUOUS = "WL-PKCS11-KEY-AMBIGUOUS", Usage {
        what: "several keys on the token fit the URI",
        why: "it would be left to chance which key signs",
        example: "a URI without `object=` and `id=`, or two keys with the same label",
        fix: "add `id=` (and `object=`) to the URI",
    }
    PKCS11_PUBLIC_KEY_MISSING = "WL-PKCS11-PUBLIC-KEY-MISSING", CouldNotWork {
        what: "the public half of the key is not on the token",
        why: "every signature is checked before it is given out, and the signature names the public key",
        example: "only the private key was imported",
        fix: "import the public key or certificate with the same id, or give the certificate when signing",
    }
    PKCS11_CERTIFICATE_MISSING = "WL-PKCS11-CERTIFICATE-MISSING", CouldNotWork {
        what: "the token has no certificate, or several, that fit the URI",
        why: "without the one certificate it cannot be said who signs",
        example: "only the key pair was imported",
        fix: "import the certificate with the key's id, or give it as a file",
    }
    PKCS11_UNSUPPORTED_KEY = "WL-PKCS11-UNSUPPORTED-KEY", NoAnswer {
        what: "the key on the token is of a kind that Weightlock does not use, or may not sign",
        why: "tokens sign with ECDSA on P-256, P-384 or P-521",
        example: "an RSA key, or an EC key made for key agreement only",
        fix: "make an EC key for signing: `pkcs11-tool --keypairgen --key-type EC:prime256v1 --usage-sign`",
    }
    PKCS11_PIN_WRONG = "WL-PKCS11-PIN-WRONG", Usage {
        what: "the token refused the PIN",
        why: "after a few wrong PINs the token locks itself",
        example: "a PIN file with the PIN of another token",
        fix: "check the PIN before trying again; the number of tries is small",
    }
    PKCS11_PIN_LOCKED = "WL-PKCS11-PIN-LOCKED", CouldNotWork {
        what: "the token is locked after too many wrong PINs",
        why: "the token protects the key against guessing",
        example: "a script retried with an old PIN",
        fix: "unlock it with the security officer's PIN (SO PIN) or the vendor's tool",
    }
    PKCS11_FAILED = "WL-PKCS11-FAILED", CouldNotWork {
        what: "the token or its module reported an error",
        why: "the module's own message is shown with the operation that failed",
        example: "the token was pulled out while signing",
        fix: "try again; then try the operation with `pkcs11-tool` to see the vendor's message",
    }
    PKCS11_BAD_SIGNATURE = "WL-PKCS11-BAD-SIGNATURE", CouldNotWork {
        what: "the token made a signature that does not fit its public key",
        why: "it would be refused by everybody who verifies it, and may reveal a fault of the token",
        example: "a public key or certificate with the same label that belongs to another private key",
        fix: "check that private and public key with this id belong together",
    }
    KMS_REFERENCE = "WL-KMS-REFERENCE", Usage {
        what: "the text with `://` names no key",
        why: "taken for a file name it would only say that there is no such file; taken loosely it could name another key",
        example: "`hashivault://team/release`, or a scheme that does not exist",
        fix: "the message shows the form; a file whose name holds `://` is written `./NAME`",
    }
    KMS_UNTESTED = "WL-KMS-UNTESTED", NoAnswer {
        what: "keys of this kind are known and not supported",
        why: "nothing here could be tested against that service, and an untested way to a key is worse than none",
        example: "`gcpkms://projects/…`, `azurekms://…`, `k8s://…`, `https://…`, `github://…`, `gitlab://…`",
        fix: "use a file, a token, hashivault://, openbao:// or awskms://; of a public key, save the file and name it",
    }
    KMS_SETTING = "WL-KMS-SETTING", Usage {
        what: "something that is needed to call the key service is not set",
        why: "only services you name are called, and only with credentials you give",
        example: "`hashivault://release` without VAULT_ADDR",
        fix: "the message names the variable or file",
    }
    KMS_DENIED = "WL-KMS-DENIED", CouldNotWork {
        what: "the key service does not let this caller use the key",
        why: "the token or access key is wrong, has expired, or lacks the right to read the key and to sign with it",
        example: "a token of Vault that was revoked",
        fix: "renew the token; allow it to read the key and to sign with it",
    }
    KMS_KEY_MISSING = "WL-KMS-KEY-MISSING", CouldNotWork {
        what: "the key service has no such key, or the key is disabled or about to be deleted",
        why: "the name, the region or the place of the engine may be another one",
        example: "`hashivault://relese`, or a key of another region",
        fix: "check the name; for Vault also TRANSIT_SECRET_ENGINE_PATH, for AWS the region",
    }
    KMS_UNSUPPORTED_KEY = "WL-KMS-UNSUPPORTED-KEY", NoAnswer {
        what: "the key of the service is of a kind that Weightlock does not use",
        why: "services sign with ECDSA on P-256, P-384 or P-521, Vault and OpenBao also with Ed25519",
        example: "a key of type aes256-gcm96 or rsa-2048",
        fix: "make a key of type ecdsa-p256 (Vault, OpenBao) or ECC_NIST_P256 for SIGN_VERIFY (AWS)",
    }
    KMS_ANSWER = "WL-KMS-ANSWER", CouldNotWork {
        what: "the key service gave an answer that is not what its documentation says",
        why: "an answer that has to be guessed at could name another key",
        example: "something else than the key service listens at the address",
        fix: "check the address of the service; please report the case if the address is right",
    }
    KMS_BAD_SIGNATURE = "WL-KMS-BAD-SIGNATURE", CouldNotWork {
        what: "the key service answered with a signature that the key's public half does not confirm",
        why: "it would be refused by everybody who verifies it; the service or somebody in between answered for another key",
        example: "a service that signs with another version of the key than it was asked for",
        fix: "check which service answers at the address; nothing was written",
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
