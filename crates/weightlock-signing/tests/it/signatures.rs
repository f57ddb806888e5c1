//! ECDSA signatures: the one accepted encoding, and all the others.

use weightlock_signing::key::{Algorithm, Hash, PrivateKey, PublicKey, SignatureError, Signer};

use super::{Repeatable, private};

const MESSAGE: &[u8] = b"DSSEv1 4 text 5 hello";

/// The order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

const ENCODING: SignatureError = SignatureError::Encoding {
    algorithm: Algorithm::P256,
};
const RANGE: SignatureError = SignatureError::Range {
    algorithm: Algorithm::P256,
};

/// A DER INTEGER of the shortest form.
fn integer(number: &[u8]) -> Vec<u8> {
    let mut bytes = number
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect::<Vec<_>>();
    if bytes.first().is_none_or(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    [vec![2, bytes.len() as u8], bytes].concat()
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    [vec![0x30, body.len() as u8], body].concat()
}

/// The numbers of a good signature.
fn numbers(signature: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let r_length = usize::from(signature[3]);
    (
        signature[4..4 + r_length].to_vec(),
        signature[6 + r_length..].to_vec(),
    )
}

fn good() -> (PublicKey, Vec<u8>, Vec<u8>, Vec<u8>) {
    let key = private("keys/p256.key.pem");
    let signature = key.sign(MESSAGE).unwrap();
    let (r, s) = numbers(&signature);
    (key.public_key().clone(), signature, r, s)
}

#[test]
fn the_shortest_encoding_is_accepted_and_every_other_refused() {
    let (key, signature, r, s) = good();
    let verify = |signature: &[u8]| key.verify(MESSAGE, signature);
    assert_eq!(verify(&signature), Ok(()));
    assert_eq!(verify(&sequence(&[integer(&r), integer(&s)])), Ok(()));

    let (int_r, int_s) = (integer(&r), integer(&s));
    let body = [int_r.clone(), int_s.clone()].concat();
    let padded = [vec![2, int_r[1] + 1, 0], int_r[2..].to_vec()].concat();
    let negative = [vec![2, 32, 0x80], vec![1; 31]].concat();
    let long_integer = [vec![2, 0x81, int_r[1]], int_r[2..].to_vec()].concat();
    for (what, bad) in [
        ("empty", vec![]),
        (
            "not a sequence",
            [vec![0x31, body.len() as u8], body.clone()].concat(),
        ),
        (
            "long form of the length",
            [vec![0x30, 0x81, body.len() as u8], body.clone()].concat(),
        ),
        (
            "indefinite length",
            [vec![0x30, 0x80], body.clone(), vec![0, 0]].concat(),
        ),
        (
            "length too long",
            [vec![0x30, body.len() as u8 + 1], body.clone()].concat(),
        ),
        (
            "length too short",
            [vec![0x30, body.len() as u8 - 1], body.clone()].concat(),
        ),
        ("bytes behind", [signature.clone(), vec![0]].concat()),
        (
            "bytes inside, behind",
            sequence(&[int_r.clone(), int_s.clone(), vec![5, 0]]),
        ),
        (
            "three numbers",
            sequence(&[int_r.clone(), int_s.clone(), int_s.clone()]),
        ),
        ("one number", sequence(std::slice::from_ref(&int_r))),
        ("leading zero", sequence(&[padded, int_s.clone()])),
        ("negative", sequence(&[negative, int_s.clone()])),
        ("empty number", sequence(&[vec![2, 0], int_s.clone()])),
        (
            "long form of a number's length",
            sequence(&[long_integer, int_s.clone()]),
        ),
        ("r and s side by side", [r.clone(), s.clone()].concat()),
        ("far too long", vec![0x30; 100_000]),
    ] {
        assert_eq!(verify(&bad), Err(ENCODING), "{what}");
    }
    for cut in 0..signature.len() {
        assert_eq!(verify(&signature[..cut]), Err(ENCODING), "cut at {cut}");
    }
}

#[test]
fn impossible_numbers_are_refused() {
    let (key, _, r, s) = good();
    let verify = |r: &[u8], s: &[u8]| key.verify(MESSAGE, &sequence(&[integer(r), integer(s)]));
    let mut above = ORDER;
    above[31] += 1;
    for impossible in [&[0][..], &ORDER, &above, &[0xff; 32], &[1; 33], &[1; 60]] {
        assert_eq!(verify(impossible, &s), Err(RANGE), "r = {impossible:02x?}");
        assert_eq!(verify(&r, impossible), Err(RANGE), "s = {impossible:02x?}");
    }
    assert_eq!(verify(&[0], &[0]), Err(RANGE));
    let mut below = ORDER;
    below[31] -= 1;
    for possible in [&[1][..], &below] {
        assert_eq!(verify(possible, &s), Err(SignatureError::Mismatch));
        assert_eq!(verify(&r, possible), Err(SignatureError::Mismatch));
    }
}

#[test]
fn high_and_low_s_are_both_accepted() {
    let (key, _, r, s) = good();
    let s = [vec![0; 33 - s.len()], s].concat();
    let mut other = [0; 32];
    let mut borrow = 0;
    for index in (0..32).rev() {
        let difference = i16::from(ORDER[index]) - i16::from(s[index + 1]) - borrow;
        borrow = i16::from(difference < 0);
        other[index] = (difference & 0xff) as u8;
    }
    assert_eq!(
        key.verify(MESSAGE, &sequence(&[integer(&r), integer(&other)])),
        Ok(())
    );
}

#[test]
fn another_message_key_or_hash_does_not_verify() {
    for algorithm in [
        Algorithm::P256,
        Algorithm::P384,
        Algorithm::P521,
        Algorithm::Ed25519,
    ] {
        let key = PrivateKey::generate(algorithm, &mut Repeatable(5)).unwrap();
        let other = PrivateKey::generate(algorithm, &mut Repeatable(6)).unwrap();
        let signature = key.sign(MESSAGE).unwrap();
        assert_eq!(key.public_key().verify(MESSAGE, &signature), Ok(()));
        assert_eq!(
            key.public_key().verify(b"", &signature),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            other.public_key().verify(MESSAGE, &signature),
            Err(SignatureError::Mismatch)
        );
        if algorithm != Algorithm::Ed25519 {
            for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
                let verified = key
                    .public_key()
                    .dangerous_verify_with_hash(hash, MESSAGE, &signature);
                assert_eq!(verified.is_ok(), hash == algorithm.hash(), "{algorithm} {hash:?}");
            }
        }
    }
}

#[test]
fn a_signature_of_another_kind_of_key_is_not_even_encoded_right() {
    let ed25519 = PrivateKey::generate(Algorithm::Ed25519, &mut Repeatable(1)).unwrap();
    let (p256, signature, ..) = good();
    let algorithm = Algorithm::Ed25519;
    assert_eq!(
        p256.verify(MESSAGE, &ed25519.sign(MESSAGE).unwrap()),
        Err(ENCODING)
    );
    assert_eq!(
        ed25519.public_key().verify(MESSAGE, &signature),
        Err(SignatureError::Encoding { algorithm })
    );
}

/// RFC 6979 appendix A.2.5: P-256, SHA-256, message "sample".
#[test]
fn deterministic_signatures_are_those_of_rfc_6979() {
    let scalar = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
    let bytes: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&scalar[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let sec1 = [
        &[0x30, 0x31, 2, 1, 1, 4, 0x20][..],
        &bytes,
        &[0xa0, 0x0a, 6, 8],
        b"\x2a\x86\x48\xce\x3d\x03\x01\x07",
    ];
    let pem = {
        use base64::Engine;
        let base64 = base64::engine::general_purpose::STANDARD.encode(sec1.concat());
        format!("-----BEGIN EC PRIVATE KEY-----\n{base64}\n-----END EC PRIVATE KEY-----\n")
    };
    let key = PrivateKey::from_pem(pem.as_bytes(), super::no_password).unwrap();
    let (r, s) = numbers(&key.sign(b"sample").unwrap());
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .skip_while(|b| **b == 0)
            .map(|b| format!("{b:02X}"))
            .collect::<String>()
    };
    assert_eq!(
        hex(&r),
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    );
    assert_eq!(
        hex(&s),
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    );
}
