#!/bin/sh
# Makes the chains of this folder: one self-signed RSA authority per name, and a P-256 signer below each.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' >"$work/leaf.cnf"
chain() {
    name=$1 bits=$2
    shift 2
    openssl req -x509 -newkey "rsa:$bits" -nodes -keyout "$work/ca.key" -out "$name-ca.pem" -days 36500 \
        -subj "/CN=RSA authority $name" -addext 'keyUsage=critical,keyCertSign' -sha256 2>/dev/null
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/leaf.key" \
        -out "$work/leaf.csr" -subj "/CN=signer $name" 2>/dev/null
    openssl x509 -req -in "$work/leaf.csr" -CA "$name-ca.pem" -CAkey "$work/ca.key" -set_serial 7 \
        -days 36499 -extfile "$work/leaf.cnf" -out "$name-leaf.pem" "$@" 2>/dev/null
}
chain pkcs1-sha256 2048 -sha256
chain pkcs1-sha384 3072 -sha384
chain pkcs1-sha512 4096 -sha512
chain pss-sha256 2048 -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
chain pss-sha512 3072 -sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64
chain weak-sha1 2048 -sha1
chain weak-1024 1024 -sha256
rm -r "$work"
