//! Every name of ours that the page may mention, each with its use: what is gone does not compile.

use core::marker::PhantomData;

use peer_core::message::Block;
use peer_core::{
    CodecError, Config, ConfigBuilder, ConfigError, Connection, ConnectionInfo, Error, Event, Expected,
    FrameError, Mark, Message, Network, Node, Peer, ProtocolVersion, SendError, Stats, Time, Timer,
    TooManyHandshakes, UnknownCommands, UnrequestedAnswers, frame,
};
use peer_tokio::Handle;
use rand_chacha::ChaCha8Rng;
use tokio::io;

/// A name that stands for this: a function, a variant, a constant, a marked type, or what reaches a field.
fn item<T>(name: &'static str, _: T) -> &'static str {
    name
}

/// All of them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let families = [general(), configuration(), peer(), stats(), events(), ends(), adapter()];
    families.into_iter().flatten()
}

/// Types, and how a peer is made and led.
fn general() -> Vec<&'static str> {
    vec![
        item("Block::as_bytes", Block::as_bytes),
        item("CodecError", PhantomData::<CodecError>),
        item("Config", PhantomData::<Config>),
        item("ConfigError", PhantomData::<ConfigError>),
        item("Error", PhantomData::<Error>),
        item("Event", PhantomData::<Event>),
        item("Expected", PhantomData::<Expected>),
        item("FrameError", PhantomData::<FrameError>),
        item("ConnectionInfo", PhantomData::<ConnectionInfo>),
        item("ConnectionInfo::best_height", |info: ConnectionInfo| info.best_height),
        item("ConnectionInfo::remote_address", |info: ConnectionInfo| info.remote_address),
        item("ConnectionInfo::with_id", ConnectionInfo::with_id),
        item("Mark", PhantomData::<Mark>),
        item("Message", PhantomData::<Message>),
        item("Network", PhantomData::<Network>),
        item("Network::from_magic", Network::from_magic),
        item("Node", PhantomData::<Node>),
        item("Peer", PhantomData::<Peer>),
        item("ProtocolVersion::LATEST", ProtocolVersion::LATEST),
        item("SendError", PhantomData::<SendError>),
        item("Stats", PhantomData::<Stats>),
        item("Time", PhantomData::<Time>),
        item("TooManyHandshakes", PhantomData::<TooManyHandshakes>),
        item("frame::Tap", PhantomData::<frame::Tap>),
        item("peer_tokio::Closed", PhantomData::<peer_tokio::Closed>),
        item("peer_tokio::Events", PhantomData::<peer_tokio::Events>),
        item("peer_tokio::Driver", PhantomData::<peer_tokio::Driver<io::Empty, ChaCha8Rng>>),
        item("peer_tokio::Handle", PhantomData::<Handle>),
    ]
}

/// What can be configured.
fn configuration() -> Vec<&'static str> {
    vec![
        item("Config::builder", Config::builder),
        item("ConfigBuilder::build", ConfigBuilder::build),
        item("ConfigBuilder::disable_relay_tx", ConfigBuilder::disable_relay_tx),
        item("ConfigBuilder::handshake_timeout", ConfigBuilder::handshake_timeout),
        item("ConfigBuilder::idle_timeout", ConfigBuilder::idle_timeout),
        item("ConfigBuilder::known_inventory", ConfigBuilder::known_inventory),
        item("ConfigBuilder::known_lifetime", ConfigBuilder::known_lifetime),
        item("ConfigBuilder::max_requests", ConfigBuilder::max_requests),
        item("ConfigBuilder::max_unrequested", ConfigBuilder::max_unrequested),
        item("ConfigBuilder::min_protocol_version", ConfigBuilder::min_protocol_version),
        item("ConfigBuilder::min_receive_rate", ConfigBuilder::min_receive_rate),
        item("ConfigBuilder::open_handshakes", ConfigBuilder::open_handshakes),
        item("ConfigBuilder::ping_interval", ConfigBuilder::ping_interval),
        item("ConfigBuilder::protocol_version", ConfigBuilder::protocol_version),
        item("ConfigBuilder::proxy", ConfigBuilder::proxy),
        item("ConfigBuilder::send_limit", ConfigBuilder::send_limit),
        item("ConfigBuilder::send_pause", ConfigBuilder::send_pause),
        item("ConfigBuilder::services", ConfigBuilder::services),
        item("ConfigBuilder::trickle_delay", ConfigBuilder::trickle_delay),
        item("ConfigBuilder::unknown_commands", ConfigBuilder::unknown_commands),
        item("ConfigBuilder::unrequested_answers", ConfigBuilder::unrequested_answers),
        item("ConfigBuilder::user_agent", |builder: ConfigBuilder| builder.user_agent("", "")),
        item("ConfigBuilder::user_agent_comments", |builder: ConfigBuilder| {
            builder.user_agent_comments([""])
        }),
        item("ConfigBuilder::user_agent_prefix", |builder: ConfigBuilder| builder.user_agent_prefix("")),
        item("ConfigError::ProtocolVersions", |it: &ConfigError| {
            matches!(it, ConfigError::ProtocolVersions { .. })
        }),
        item("ConfigError::UserAgent", ConfigError::UserAgent),
        item("ConfigError::Zero", ConfigError::Zero),
        item("UnknownCommands::Deliver", UnknownCommands::Deliver),
        item("UnknownCommands::Ignore", UnknownCommands::Ignore),
        item("UnrequestedAnswers::Deliver", UnrequestedAnswers::Deliver),
    ]
}

/// What a peer can do and tell.
fn peer() -> Vec<&'static str> {
    vec![
        item("Peer::add_known", Peer::add_known),
        item("Peer::announce", Peer::announce),
        item("Peer::announce_now", Peer::announce_now),
        item("Peer::close", Peer::close),
        item("Peer::direction", Peer::direction),
        item("Peer::finish", Peer::finish),
        item("Peer::failure", Peer::failure),
        item("Connection::inbound", |node: &Node, info, rng: &mut ChaCha8Rng| {
            Connection::inbound(node, info, Time::ZERO, rng)
        }),
        item("Peer::is_established", Peer::is_established),
        item("Peer::is_flushed", Peer::is_flushed),
        item("Peer::knows", Peer::knows),
        item("Peer::last_announced_block", Peer::last_announced_block),
        item("Connection::outbound", |node: &Node, info, rng: &mut ChaCha8Rng| {
            Connection::outbound(node, info, Time::ZERO, rng)
        }),
        item("Peer::protocol_version", Peer::protocol_version),
        item("Connection::handle_eof", Connection::handle_eof),
        item("Connection::receive", Connection::receive),
        item("Peer::reject", |peer: &mut Peer, code| peer.reject("", code, "", None, Time::ZERO)),
        item("Peer::remote", Peer::remote),
        item("Peer::request_blocks", Peer::request_blocks),
        item("Peer::request_headers", Peer::request_headers),
        item("Peer::send", Peer::send),
        item("Peer::send_addresses", |peer: &mut Peer, rng: &mut ChaCha8Rng| {
            peer.send_addresses(&[], Time::ZERO, rng)
        }),
        item("Connection::handle_transmitted", Connection::handle_transmitted),
        item("Peer::set_best_height", Peer::set_best_height),
        item("Peer::set_last_announced_block", Peer::set_last_announced_block),
        item("Peer::set_last_block", Peer::set_last_block),
        item("Peer::stats", Peer::stats),
        item("Connection::handle_timeout", |connection: &mut Connection, rng: &mut ChaCha8Rng| {
            connection.handle_timeout(Time::ZERO, rng)
        }),
        item("Connection::poll_transmit", Connection::poll_transmit),
        item("Peer::wants_headers", Peer::wants_headers),
    ]
}

/// What is counted.
fn stats() -> Vec<&'static str> {
    vec![
        item("Stats::address", |stats: Stats| stats.address),
        item("Stats::advertised_version", |stats: Stats| stats.advertised_version),
        item("Stats::bytes_received", |stats: Stats| stats.bytes_received),
        item("Stats::bytes_sent", |stats: Stats| stats.bytes_sent),
        item("Stats::connected", |stats: Stats| stats.connected),
        item("Stats::connected_unix", |stats: Stats| stats.connected_unix),
        item("Stats::direction", |stats: Stats| stats.direction),
        item("Stats::id", |stats: Stats| stats.id),
        item("Stats::last_block", |stats: Stats| stats.last_block),
        item("Stats::last_ping_nonce", |stats: Stats| stats.last_ping_nonce),
        item("Stats::last_ping_round_trip", |stats: Stats| stats.last_ping_round_trip),
        item("Stats::last_ping_time", |stats: Stats| stats.last_ping_time),
        item("Stats::last_recv", |stats: Stats| stats.last_recv),
        item("Stats::last_send", |stats: Stats| stats.last_send),
        item("Stats::protocol_version", |stats: Stats| stats.protocol_version),
        item("Stats::services", |stats: Stats| stats.services),
        item("Stats::starting_height", |stats: Stats| stats.starting_height),
        item("Stats::time_offset", |stats: Stats| stats.time_offset),
        item("Stats::unix_seconds", Stats::unix_seconds),
        item("Stats::user_agent", |stats: Stats| stats.user_agent),
    ]
}

/// What happens, and what is said.
fn events() -> Vec<&'static str> {
    vec![
        item("Event::Established", Event::Established),
        item("Event::Message", Event::Message),
        item("Event::Version", Event::Version),
        item("Message::Addr", Message::Addr),
        item("Message::AddrV2", Message::AddrV2),
        item("Message::Alert", Message::Alert),
        item("Message::Block", Message::Block),
        item("Message::CfHeaders", Message::CfHeaders),
        item("Message::CfTypes", Message::CfTypes),
        item("Message::CFilter", Message::CFilter),
        item("Message::CFilterV2", Message::CFilterV2),
        item("Message::CFiltersV2", Message::CFiltersV2),
        item("Message::FeeFilter", Message::FeeFilter),
        item("Message::FilterAdd", Message::FilterAdd),
        item("Message::FilterClear", Message::FilterClear),
        item("Message::FilterLoad", Message::FilterLoad),
        item("Message::GetAddr", Message::GetAddr),
        item("Message::GetBlocks", Message::GetBlocks),
        item("Message::GetCfHeaders", Message::GetCfHeaders),
        item("Message::GetCfTypes", Message::GetCfTypes),
        item("Message::GetCFilter", Message::GetCFilter),
        item("Message::GetCFilterV2", Message::GetCFilterV2),
        item("Message::GetCfsV2", Message::GetCfsV2),
        item("Message::GetData", Message::GetData),
        item("Message::GetHeaders", Message::GetHeaders),
        item("Message::GetInitState", Message::GetInitState),
        item("Message::GetMinings", Message::GetMinings),
        item("Message::Headers", Message::Headers),
        item("Message::InitState", Message::InitState),
        item("Message::Inv", Message::Inv),
        item("Message::MemPool", Message::MemPool),
        item("Message::MerkleBlock", Message::MerkleBlock),
        item("Message::MiningState", Message::MiningState),
        item("Message::MixCiphertexts", Message::MixCiphertexts),
        item("Message::MixConfirm", Message::MixConfirm),
        item("Message::MixDcNet", Message::MixDcNet),
        item("Message::MixFactoredPoly", Message::MixFactoredPoly),
        item("Message::MixKeyExchange", Message::MixKeyExchange),
        item("Message::MixPairReq", Message::MixPairReq),
        item("Message::MixSecrets", Message::MixSecrets),
        item("Message::MixSlotReserve", Message::MixSlotReserve),
        item("Message::NotFound", Message::NotFound),
        item("Message::Ping", Message::Ping),
        item("Message::Pong", Message::Pong),
        item("Message::Raw", Message::Raw),
        item("Message::Reject", Message::Reject),
        item("Message::SendHeaders", Message::SendHeaders),
        item("Message::Tx", Message::Tx),
        item("Message::mix_hash", Message::mix_hash),
    ]
}

/// Why a connection is over, or a command refused.
fn ends() -> Vec<&'static str> {
    vec![
        item("Error::ClosedBeforeVerack", Error::ClosedBeforeVerack),
        item("Error::ClosedBeforeVersion", Error::ClosedBeforeVersion),
        item("Error::ClosedByOwner", Error::ClosedByOwner),
        item("Error::ClosedBeforeVerack", Error::ClosedBeforeVerack),
        item("Error::ClosedBeforeVersion", Error::ClosedBeforeVersion),
        item("Error::ClosedByRemote", Error::ClosedByRemote),
        item("Error::Frame", Error::Frame),
        item("Error::NoBloomService", Error::NoBloomService),
        item("Error::NotVerAckMessage", |it: &Error| matches!(it, Error::NotVerAckMessage { .. })),
        item("Error::NotVersionMessage", |it: &Error| matches!(it, Error::NotVersionMessage { .. })),
        item("Error::ProtocolVerTooOld", |it: &Error| matches!(it, Error::ProtocolVerTooOld { .. })),
        item("Error::Repeated", Error::Repeated),
        item("Error::SelfConnection", Error::SelfConnection),
        item("Error::Stalled", Error::Stalled),
        item("Error::Timeout", Error::Timeout),
        item("Error::TransportFailed", Error::TransportFailed),
        item("Error::Unrequested", Error::Unrequested),
        item("Error::is_misbehaviour", Error::is_misbehaviour),
        item("Error::is_transient", Error::is_transient),
        item("Error::kind", Error::kind),
        item("FrameError::Truncated", |it: &FrameError| matches!(it, FrameError::Truncated { .. })),
        item("SendError::Encode", SendError::Encode),
        item("SendError::Full", |it: &SendError| matches!(it, SendError::Full { .. })),
        item("Timer::Handshake", Timer::Handshake),
        item("Timer::Idle", Timer::Idle),
        item("Timer::WriteStall", Timer::WriteStall),
    ]
}

/// What the adapter adds.
fn adapter() -> Vec<&'static str> {
    vec![
        item("peer_tokio::Handle::add_known", Handle::add_known),
        item("peer_tokio::Handle::announce", Handle::announce),
        item("peer_tokio::Handle::announce_now", Handle::announce_now),
        item("peer_tokio::Handle::close", Handle::close),
        item("peer_tokio::Handle::closed", Handle::closed),
        item("peer_tokio::Handle::flush", Handle::flush),
        item("peer_tokio::Handle::send", |handle: &Handle, ping: Message| drop(handle.send(ping))),
        item("peer_tokio::Handle::stats", Handle::stats),
        item("peer_tokio::Handle::with", |handle: &Handle| drop(handle.with(|peer, _| peer.stats()))),
        item("peer_tokio::inbound", |node: &Node, info, rng: ChaCha8Rng| {
            peer_tokio::inbound(io::empty(), node, info, rng)
        }),
        item("peer_tokio::outbound", |node: &Node, info, rng: ChaCha8Rng| {
            peer_tokio::outbound(io::empty(), node, info, rng)
        }),
    ]
}
