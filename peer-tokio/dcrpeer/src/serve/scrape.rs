//! Where metrics are scraped: the little of HTTP that it takes.

use core::future::{Future, pending};
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::listener::ACCEPT_PAUSE;

/// Asks the server for the text of the metrics.
pub(super) type Scrape = oneshot::Sender<String>;

/// Scrapes that wait for the server. They are answered in turns.
const WAITING: usize = 4;

/// Longest request, in bytes.
const LONGEST: usize = 8 * 1024;

/// Longest time for a request and its response.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Accepts scrapes for as long as the future is polled: one at a time, since only a monitor asks.
/// Without a listener there are none.
pub(super) fn serve(listener: Option<TcpListener>) -> (mpsc::Receiver<Scrape>, impl Future<Output = ()>) {
    let (scrapes, waiting) = mpsc::channel(WAITING);
    let serving = async move {
        let Some(listener) = listener else { return pending().await };
        loop {
            match listener.accept().await {
                // A client that is too slow, or closes, gets no response.
                Ok((stream, _)) => drop(timeout(TIMEOUT, respond(stream, &scrapes)).await),
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    };
    (waiting, serving)
}

/// Listens for scrapes, and returns the address in use.
pub(super) async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn respond(mut stream: TcpStream, scrapes: &mpsc::Sender<Scrape>) -> io::Result<()> {
    let request = read_head(&mut stream).await?;
    let (status, body) = match path(&request) {
        Some("/metrics") => match ask(scrapes).await {
            Some(text) => ("200 OK", text),
            None => ("503 Service Unavailable", String::new()),
        },
        Some(_) => ("404 Not Found", "see /metrics\n".to_owned()),
        None => ("405 Method Not Allowed", "only GET\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

async fn ask(scrapes: &mpsc::Sender<Scrape>) -> Option<String> {
    let (reply, text) = oneshot::channel();
    scrapes.send(reply).await.ok()?;
    text.await.ok()
}

/// The request up to the empty line.
async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let is_over = stream.read_buf(&mut head).await? == 0;
        if is_over || head.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(head)
}

/// The path of a `GET`, without its query.
fn path(request: &[u8]) -> Option<&str> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let mut words = str::from_utf8(line).ok()?.split(' ');
    let path = (words.next()? == "GET").then(|| words.next())??;
    path.split('?').next()
}

/// That of OpenMetrics, which is what `prometheus-client` writes.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
