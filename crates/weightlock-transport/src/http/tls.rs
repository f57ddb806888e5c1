//! TLS: which implementation, and whom it believes.

use std::sync::Arc;

use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::Roots;

/// TLS 1.2 and 1.3 with `ring`, names checked, certificates to one of the given roots. There is no setting that turns a
/// check off.
pub(super) fn config(roots: &Roots) -> TlsConfig {
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::from(roots.all().into_iter()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}
