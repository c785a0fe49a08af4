//! Serves a page with every component: `cargo run -p web --example gallery`.

#[path = "../tests/gallery/mod.rs"]
mod gallery;

use tokio::net::TcpListener;
use web::security::Edge;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let edge = Edge { tls_in_front: false, upload_limit: gallery::UPLOAD_LIMIT };
    let listener = TcpListener::bind("127.0.0.1:8099").await?;
    let mut out = std::io::stdout();
    std::io::Write::write_all(&mut out, b"http://127.0.0.1:8099/gallery\n")?;
    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    web::listen::serve(listener, gallery::router(edge), stop, web::listen::Patience::default())
        .await;
    Ok(())
}
