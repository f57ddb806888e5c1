"""What the test `sigstore` asks of the real client of Sigstore: sign or verify, over what a folder holds."""

import json
import pathlib
import sys

from sigstore.dsse import Statement
from sigstore.errors import VerificationError
from sigstore.models import Bundle, ClientTrustConfig, InvalidBundle
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity

act, folder = sys.argv[1], pathlib.Path(sys.argv[2])
trust = ClientTrustConfig.from_json((folder / "trust.json").read_text())
message, statement = (folder / "message").read_bytes(), (folder / "statement").read_bytes()

if act == "sign":
    token = IdentityToken((folder / "token").read_text())
    with SigningContext.from_trust_config(trust).signer(token) as signer:
        (folder / "message.json").write_text(signer.sign_artifact(message).to_json())
        (folder / "statement.json").write_text(signer.sign_dsse(Statement(statement)).to_json())
else:
    who = json.loads((folder / "who.json").read_text())
    policy = Identity(identity=who["identity"], issuer=who["issuer"])
    verifier = Verifier(trusted_root=trust.trusted_root)
    if act == "verify-message":
        verifier.verify_artifact(message, Bundle.from_json((folder / "message.json").read_text()), policy)
    elif act == "refuse":
        for lie in sorted((folder / "lies").iterdir()):
            try:
                verifier.verify_artifact(message, Bundle.from_json(lie.read_text()), policy)
            except (VerificationError, InvalidBundle):
                continue
            sys.exit(f"{lie.name} is verified")
    else:
        kind, payload = verifier.verify_dsse(Bundle.from_json((folder / "statement.json").read_text()), policy)
        assert (kind, payload) == ("application/vnd.in-toto+json", statement)
print("done")
