//! Reads captures: pcap and pcapng files, as tcpdump and Wireshark write them.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io::Read;

use bytes::Bytes;
use etherparse::{LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

/// Most bytes of a packet. Programs that capture stop at 256 KiB.
const LARGEST: usize = 1024 * 1024;

/// A segment of TCP.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Since 1970.
    pub(super) time: Duration,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    /// The next sequence number that the sender expects.
    pub(super) acknowledged: Option<u32>,
    pub(super) syn: bool,
    pub(super) rst: bool,
    pub(super) payload: Bytes,
}

/// A capture that is read.
pub(super) struct Packets<'a> {
    reader: Box<dyn PcapReaderIterator + Send + 'a>,
    interfaces: Vec<Interface>,
    /// Packets that are no TCP, or that cannot be read.
    pub(super) others: u64,
}

#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Units of its times in a second.
    units: u64,
    /// Seconds to add to its times.
    offset: i64,
}

/// Most interfaces of a section.
const INTERFACES: usize = 4096;

/// What a block holds.
enum Found {
    Segment(Segment),
    /// A packet of another kind.
    Other,
    /// Something that is no packet.
    Nothing,
}

impl<'a> Packets<'a> {
    pub(super) fn read(input: impl Read + Send + 'a) -> Result<Self, String> {
        let reader = create_reader(LARGEST, input).map_err(|error| explain(&error))?;
        Ok(Self { reader, interfaces: Vec::new(), others: 0 })
    }

    /// The next segment of TCP; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Segment>, String> {
        loop {
            let is_all = self.reader.reader_exhausted();
            let (len, found) = match self.reader.next() {
                Ok((len, block)) => (len, look(&block, &mut self.interfaces)),
                Err(PcapError::Eof) => return Ok(None),
                Err(PcapError::Incomplete(_)) if is_all => {
                    return Err("the capture is cut off".to_owned());
                }
                Err(PcapError::Incomplete(_)) => {
                    self.reader.refill().map_err(|error| explain(&error))?;
                    continue;
                }
                Err(error) => return Err(explain(&error)),
            };
            self.reader.consume(len);
            match found {
                Found::Segment(segment) => return Ok(Some(segment)),
                Found::Other => self.others = self.others.saturating_add(1),
                Found::Nothing => {}
            }
        }
    }
}

fn explain(error: &PcapError<&[u8]>) -> String {
    match error {
        PcapError::UnexpectedEof | PcapError::Eof => "the capture is cut off".to_owned(),
        PcapError::BufferTooSmall => format!("a packet of the capture is larger than {LARGEST} bytes"),
        PcapError::ReadError => "the capture cannot be read".to_owned(),
        _ => "the capture is damaged".to_owned(),
    }
}

fn look(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<Interface>) -> Found {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let units = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
            interfaces.push(Interface { link: header.network, units, offset: 0 });
            Found::Nothing
        }
        PcapBlockOwned::Legacy(packet) => {
            let Some(interface) = interfaces.first() else { return Found::Other };
            let time = interface.time(packet.ts_sec.into(), packet.ts_usec.into());
            found(*interface, time, packet.data, packet.caplen)
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            Found::Nothing
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(about)) if interfaces.len() < INTERFACES => {
            let units = about.ts_resolution().filter(|units| *units > 0).unwrap_or(1_000_000);
            interfaces.push(Interface { link: about.linktype, units, offset: about.ts_offset() });
            Found::Nothing
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let interface = usize::try_from(packet.if_id).ok().and_then(|index| interfaces.get(index));
            let Some(interface) = interface else { return Found::Other };
            let time = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
            let seconds = time.checked_div(interface.units).unwrap_or_default();
            let rest = time.checked_rem(interface.units).unwrap_or_default();
            found(*interface, interface.time(seconds, rest), packet.data, packet.caplen)
        }
        PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
            let Some(interface) = interfaces.first() else { return Found::Other };
            found(*interface, Duration::ZERO, packet.data, packet.origlen)
        }
        PcapBlockOwned::NG(_) => Found::Nothing,
    }
}

impl Interface {
    fn time(self, seconds: u64, rest: u64) -> Duration {
        let nanos = u128::from(rest).saturating_mul(1_000_000_000).checked_div(self.units.into());
        let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok()).unwrap_or_default();
        let seconds = seconds.saturating_add_signed(self.offset);
        Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos))
    }
}

/// The segment in a packet. `data` may have padding behind the packet.
fn found(interface: Interface, time: Duration, data: &[u8], len: u32) -> Found {
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(data.len());
    let Some(bytes) = data.get(..len) else { return Found::Other };
    segment(interface.link, time, bytes).map_or(Found::Other, Found::Segment)
}

fn segment(link: Linktype, time: Duration, bytes: &[u8]) -> Option<Segment> {
    // Bytes before the packet of IP.
    let header = match link {
        Linktype::ETHERNET => None,
        Linktype::NULL | Linktype::LOOP => Some(4),
        Linktype::LINUX_SLL => Some(16),
        Linktype::LINUX_SLL2 => Some(20),
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => Some(0),
        _ => return None,
    };
    let packet = match header {
        None => LaxSlicedPacket::from_ethernet(bytes).ok()?,
        Some(header) => LaxSlicedPacket::from_ip(bytes.get(header..)?).ok()?,
    };
    let (from, to): (IpAddr, IpAddr) = match packet.net? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { return None };
    Some(from_tcp(time, (from, to), &tcp))
}

fn from_tcp(time: Duration, (from, to): (IpAddr, IpAddr), tcp: &TcpSlice<'_>) -> Segment {
    Segment {
        time,
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        acknowledged: tcp.ack().then(|| tcp.acknowledgment_number()),
        syn: tcp.syn(),
        rst: tcp.rst(),
        payload: Bytes::copy_from_slice(tcp.payload()),
    }
}
