//! Reason codes of identity tokens.

reasons! {
    MALFORMED = "WL-OIDC-MALFORMED", Usage {
        what: "what was given as identity token is none",
        why: "a certificate authority needs a signed token that names its owner, its issuer and its end",
        example: "a file with an access token, or with an error message, given as `--identity-token-file`",
        fix: "ask the issuer for an identity token (a JWT) whose audience is `sigstore`",
    }
    EXPIRED = "WL-OIDC-EXPIRED", CouldNotWork {
        what: "the identity token has ended, or has not begun",
        why: "tokens last for minutes, so that a stolen one is soon worth nothing; no authority takes an old one",
        example: "a token that a job fetched at its start, used an hour later",
        fix: "get a new token directly before signing; check this machine's clock",
    }
    AUDIENCE = "WL-OIDC-AUDIENCE", Usage {
        what: "the identity token is made out to another service",
        why: "a token for one service must not be good for another, or every service could sign as its users",
        example: "a token for a cloud provider given for signing",
        fix: "ask for a token with the audience `sigstore`, or name the application with --oidc-client-id",
    }
    NOTHING_AMBIENT = "WL-OIDC-NOTHING-AMBIENT", Usage {
        what: "a token of the surroundings was asked for, and they offer none",
        why: "signing as somebody needs a word of that somebody's issuer",
        example: "--use-ambient-credentials on a laptop",
        fix: "run in a job of GitHub, GitLab, Google or Kubernetes that is allowed a token, or give --identity-token-file",
    }
    NOT_ALLOWED = "WL-OIDC-NOT-ALLOWED", Usage {
        what: "the job runs where tokens are given, and is not allowed one",
        why: "a job that may sign as its project must say so in its definition",
        example: "a workflow of GitHub without `permissions: id-token: write`, or one for a fork's pull request",
        fix: "add the permission `id-token: write` to the job (GitHub), or `id_tokens:` with SIGSTORE_ID_TOKEN (GitLab)",
    }
    DISCOVERY = "WL-OIDC-DISCOVERY", CouldNotWork {
        what: "the issuer's description of itself is of another issuer, or lacks what is needed",
        why: "whoever can exchange it could collect logins meant for the real one",
        example: "a description behind a company's login page, or one whose `issuer` is another address",
        fix: "check the address given with --oidc-provider, or in the signing configuration",
    }
    ANSWER = "WL-OIDC-ANSWER", CouldNotWork {
        what: "an issuer's answer is not what its protocol says",
        why: "guessing what was meant could end in a signature by somebody else",
        example: "a page for people where a token was expected",
        fix: "try again; if it stays, ask whoever runs the issuer",
    }
    REFUSED = "WL-OIDC-REFUSED", CouldNotWork {
        what: "the issuer gave no token",
        why: "nobody signs as somebody who did not log in, or who said no",
        example: "the button `deny` on the page of the login",
        fix: "start again and log in, or use an account that the issuer knows",
    }
    OTHER_LOGIN = "WL-OIDC-OTHER-LOGIN", CouldNotWork {
        what: "an answer came that belongs to another login",
        why: "somebody may have tried to make you sign with their account, or with a token that was used before",
        example: "a link opened in the browser that calls the waiting port with a code of its own",
        fix: "start again; close other logins first",
    }
    TOO_SLOW = "WL-OIDC-TOO-SLOW", CouldNotWork {
        what: "nobody logged in within the time",
        why: "a port or a code that waits for ever could be used by somebody else",
        example: "a job that runs without a person, with --device-flow",
        fix: "start again; in jobs use --use-ambient-credentials or --identity-token-file",
    }
}
