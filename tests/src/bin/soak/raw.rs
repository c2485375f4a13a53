//! Remotes without a machine: they send junk, cut the connection, or close only their writing half.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;

use peer_tests::remote::{bytes_of, hands};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;

use crate::plan::{Ending, Plan, below, rng};
use crate::run::Setting;
use crate::session::LONGEST;

pub(crate) fn run(part: u64, setting: &Setting) {
    let mut rng = rng(setting.seed, part);
    while !setting.tally.stops() {
        let plan = Plan::draw_raw(setting.tally.begin(), &mut rng);
        let address = setting.targets[below(&mut rng, 2) as usize];
        match visit(plan, address, &mut rng) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                setting.tally.stick(&format!("{plan:?}: a remote without a machine was left alone"));
            }
            // A connection that is cut is what it wanted.
            Ok(()) | Err(_) => {}
        }
        thread::sleep(Duration::from_millis(2));
    }
    setting.tally.end_dialling();
}

fn visit(plan: Plan, address: SocketAddr, rng: &mut ChaCha8Rng) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST))?;
    stream.set_write_timeout(Some(LONGEST))?;
    if plan.ending == Ending::HalfClose {
        stream.write_all(&hands())?;
        for sequence in 0..plan.ours {
            write_in_pieces(&mut stream, &bytes_of(&plan.message(sequence)), rng)?;
        }
        stream.shutdown(Shutdown::Write)?;
        return read_to_end(&mut stream);
    }
    let mut said = hands();
    for sequence in 0..below(rng, 5) {
        said.extend(bytes_of(&plan.message(sequence)));
    }
    // Cut anywhere, also before the first byte.
    let len = rng.next_u32() as usize % (said.len() + 1);
    write_in_pieces(&mut stream, &said[..len], rng)?;
    match below(rng, 3) {
        // What it was sent lies unread, so the system cuts the connection.
        0 => Ok(()),
        1 => {
            stream.shutdown(Shutdown::Write)?;
            read_to_end(&mut stream)
        }
        _ => {
            let mut junk = vec![0; 1 + below(rng, 100_000) as usize];
            rng.fill_bytes(&mut junk);
            stream.write_all(&junk)?;
            stream.shutdown(Shutdown::Write)?;
            read_to_end(&mut stream)
        }
    }
}

fn write_in_pieces(stream: &mut TcpStream, mut bytes: &[u8], rng: &mut ChaCha8Rng) -> io::Result<()> {
    while !bytes.is_empty() {
        let len = bytes.len().min(1 + below(rng, 4096) as usize);
        stream.write_all(&bytes[..len])?;
        bytes = &bytes[len..];
    }
    Ok(())
}

fn read_to_end(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}
