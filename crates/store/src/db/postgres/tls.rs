//! TLS to the server: on when the address asks for it, and then never without knowing the server.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// An address as the driver takes it, and how its server is known.
pub struct Address {
    /// Without what the driver does not understand.
    pub url: String,
    /// How to connect; none where the address does not ask for TLS.
    pub tls: Option<MakeRustlsConnect>,
}

/// Reads `sslmode` and `sslrootcert` of an address.
///
/// `require`, `verify-ca` and `verify-full` are the same: the server's certificate must be of its
/// name and of an authority in the file `sslrootcert`, or else of one that this machine trusts.
pub fn read(url: &str) -> Result<Address> {
    let (head, query) = url.rsplit_once('?').unwrap_or((url, ""));
    let mut wants = false;
    let mut authorities = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("sslmode", "require" | "verify-ca" | "verify-full") => {
                wants = true;
                rest.push("sslmode=require");
            }
            ("sslrootcert", file) => authorities = Some(unescaped(file)),
            _ => rest.push(pair),
        }
    }
    if authorities.is_some() && !wants {
        return Err(Error::Unsuitable("sslrootcert is of use only with sslmode=require".into()));
    }
    let url = if rest.is_empty() { head.into() } else { format!("{head}?{}", rest.join("&")) };
    let tls = wants.then(|| connector(authorities.as_deref())).transpose()?;
    Ok(Address { url, tls })
}

/// The value of a query with its `%20` as people meant it.
fn unescaped(value: &str) -> String {
    let pair = format!("v={}", value.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs.next().map_or_else(String::new, |(_, value)| value.into_owned())
}

fn connector(authorities: Option<&str>) -> Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(file) => {
            let unusable = |why: String| {
                Error::Unsuitable(format!("the certificates in {file} are not usable: {why}"))
            };
            let all = CertificateDer::pem_file_iter(file).map_err(|e| unusable(e.to_string()))?;
            for certificate in all {
                let certificate = certificate.map_err(|e| unusable(e.to_string()))?;
                roots.add(certificate).map_err(|e| unusable(e.to_string()))?;
            }
        }
    }
    if roots.is_empty() {
        return Err(Error::Unsuitable(
            "no certificate authority is known: name a file of them with sslrootcert".into(),
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
