//! The table of messages: one line for each command.
//!
//! To add a message: write its struct with an `impl Payload`, then its line here, in the words of `spec.rs`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::response::{Response, ResponseKind};
use super::spec::Limit::{Always, BlockSize, WhereValid};
use super::spec::{Spec, bulk, control, mixing};
use super::{Command, Raw};
use crate::error::CodecError;
use crate::message::chain::*;
use crate::message::codec::{MAX_PAYLOAD, Payload};
use crate::message::filters::*;
use crate::message::legacy::*;
use crate::message::mixing::*;
use crate::message::network::*;
use crate::protocol_version::ProtocolVersion;

/// Makes the enum, the table and the few matches over all messages from the lines below. It is a macro
/// because no function can add a variant to an enum.
macro_rules! messages {
    ($($(#[$doc:meta])* $variant:ident $(($($payload:tt)+))? = $spec:expr;)*) => {
        /// A message of the protocol, of either era, or a raw one.
        ///
        /// A message whose description names no protocol version exists at all of them. The struct of each message
        /// becomes one with `into()`.
        ///
        /// ```
        /// use peer_core::message::Ping;
        /// use peer_core::{Command, Message, ProtocolVersion};
        ///
        /// let ping = Message::from(Ping { nonce: 7 });
        /// let mut payload = Vec::new();
        /// ping.encode(&mut payload, ProtocolVersion::LATEST)?;
        /// assert_eq!(payload, 7_u64.to_le_bytes());
        /// let command = Command::new("ping")?;
        /// assert_eq!(Message::decode(command, payload.into(), ProtocolVersion::LATEST)?, ping);
        /// # Ok::<(), peer_core::CodecError>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[doc(alias = "wire.Message")]
        #[non_exhaustive]
        pub enum Message {
            $($(#[$doc])* $variant $(($($payload)+))?,)*
            /// A message of an unknown command.
            Raw(Raw),
        }

        /// Places in the table, by name.
        #[derive(Clone, Copy)]
        enum Index { $($variant,)* }

        /// Every command, in the order of the lines.
        pub(super) static TABLE: [Spec; [$(Index::$variant),*].len()] =
            [$($spec.decoded_by(messages!(@decode $variant $($($payload)+)?)),)*];

        /// Each command as numbers, by the name of its message.
        #[expect(
            non_upper_case_globals,
            clippy::indexing_slicing,
            reason = "named as the variants; worked out by the compiler, which refuses what goes wrong"
        )]
        mod commands {
            use super::*;

            $(pub(super) const $variant: (u64, u32) = numbers(TABLE[Index::$variant as usize].command.to_wire());)*
        }

        /// The place of a command in the table. Two lines of one command would be an unreachable pattern.
        pub(super) const fn line(field: [u8; Command::LEN]) -> Option<usize> {
            match numbers(field) {
                $(commands::$variant => Some(Index::$variant as usize),)*
                _ => None,
            }
        }

        impl Message {
            /// The message's line in the table; a raw one has none.
            pub(crate) fn spec(&self) -> Option<&'static Spec> {
                let index = match self {
                    $(Self::$variant { .. } => Index::$variant,)*
                    Self::Raw(_) => return None,
                };
                TABLE.get(index as usize)
            }

            /// Exact size of the payload in bytes.
            #[must_use]
            pub fn encoded_len(&self) -> usize {
                match self {
                    $(messages!(@pattern message $variant $($($payload)+)?) =>
                        messages!(@call message 0 encoded_len() $($($payload)+)?),)*
                    Self::Raw(raw) => raw.payload.len(),
                }
            }

            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(messages!(@pattern message $variant $($($payload)+)?) =>
                        messages!(@call message () encode(out) $($($payload)+)?),)*
                    Self::Raw(raw) => out.extend_from_slice(&raw.payload),
                }
            }

            /// How many commands there are.
            #[cfg(feature = "arbitrary")]
            pub(crate) const COMMANDS: usize = TABLE.len();

            /// An arbitrary message of the line `index`, or a raw one if there is no such line.
            #[cfg(feature = "arbitrary")]
            pub(crate) fn arbitrary_of(index: usize, data: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<Self> {
                $(if index == Index::$variant as usize {
                    return Ok(messages!(@arbitrary data $variant $($($payload)+)?));
                })*
                data.arbitrary().map(Self::Raw)
            }

            pub(crate) fn check_fields(&self, version: ProtocolVersion) -> Result<(), CodecError> {
                match self {
                    $(messages!(@pattern message $variant $($($payload)+)?) =>
                        messages!(@call message (Ok(())) check(version) $($($payload)+)?),)*
                    Self::Raw(_) => Ok(()),
                }
            }
        }

        $($(messages!(@from $variant $($payload)+);)?)*
        messages!(@from Raw Raw);

        #[cfg(feature = "serde")]
        impl serde::Serialize for Message {
            /// The fields, named as in the golden vectors, without the command.
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(messages!(@pattern message $variant $($($payload)+)?) =>
                        messages!(@serialize message serializer $($($payload)+)?),)*
                    Self::Raw(raw) => raw.serialize(serializer),
                }
            }
        }
    };
    (@from $variant:ident Box<$inner:ty>) => {
        messages!(@from $variant $inner, |message| Box::new(message));
        messages!(@from $variant Box<$inner>, |message| message);
    };
    (@from $variant:ident $payload:ty) => { messages!(@from $variant $payload, |message| message); };
    (@from $variant:ident $payload:ty, |$message:ident| $stored:expr) => {
        impl From<$payload> for Message {
            fn from($message: $payload) -> Self {
                Self::$variant($stored)
            }
        }
    };
    (@decode $variant:ident) => { |_, _| Ok(Message::$variant) };
    (@decode $variant:ident $payload:ty) => {
        |cursor, version| <$payload as Payload>::decode(cursor, version).map(Message::$variant)
    };
    (@arbitrary $data:ident $variant:ident) => { Self::$variant };
    (@arbitrary $data:ident $variant:ident $payload:ty) => { Self::$variant($data.arbitrary()?) };
    (@pattern $message:ident $variant:ident) => { Self::$variant };
    (@pattern $message:ident $variant:ident $payload:ty) => { Self::$variant($message) };
    (@call $message:ident $empty:tt $method:ident($($argument:ident)?)) => { $empty };
    (@call $message:ident $empty:tt $method:ident($($argument:ident)?) $payload:ty) => {
        Payload::$method($message, $($argument)?)
    };
    (@serialize $message:ident $serializer:ident) => {
        serde::ser::SerializeStruct::end($serializer.serialize_struct("Empty", 0)?)
    };
    (@serialize $message:ident $serializer:ident $payload:ty) => {
        serde::Serialize::serialize($message, $serializer)
    };
}

/// A command's field as two numbers, which compare faster than bytes do.
const fn numbers(field: [u8; Command::LEN]) -> (u64, u32) {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = field;
    (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u32::from_le_bytes([i, j, k, l]))
}

messages! {
    /// Introduces a node to its peer. First message each way.
    Version(Box<Version>) = control("version", Always(Version::MAX_LEN));
    /// Accepts the other side's `version`.
    #[doc(alias = "MsgVerAck")]
    Verack = control("verack", Always(0));
    /// Asks for known addresses.
    #[doc(alias = "MsgGetAddr")]
    #[doc(alias = "OnGetAddr")]
    GetAddr = control("getaddr", Always(0));
    /// Known addresses, up to version 11.
    #[doc(alias = "OnAddr")]
    Addr(Addr) = bulk("addr", WhereValid(30_003)).until(11);
    /// Known addresses, from version 12 on.
    #[doc(alias = "OnAddrV2")]
    AddrV2(AddrV2) = bulk("addrv2", WhereValid(51_003)).since(12);
    /// Asks for block hashes after a known point.
    #[doc(alias = "OnGetBlocks")]
    GetBlocks(GetBlocks) = control("getblocks", Always(16_039)).requests_timely(8, ResponseKind::Inv);
    /// Announces objects.
    #[doc(alias = "OnInv")]
    Inv(Inv) = bulk("inv", Always(1_800_003));
    /// Asks for announced objects.
    #[doc(alias = "OnGetData")]
    GetData(GetData) = control("getdata", Always(1_800_003));
    /// Names objects of a `getdata` that the sender does not have.
    #[doc(alias = "OnNotFound")]
    NotFound(NotFound) = bulk("notfound", Always(1_800_003)).responds(Response::AnyItem);
    /// One block, asked for.
    #[doc(alias = "OnBlock")]
    Block(Block) = bulk("block", BlockSize).responds(Response::Item(InventoryKind::BLOCK));
    /// One transaction, asked for or sent unasked.
    #[doc(alias = "OnTx")]
    Tx(Transaction) = bulk("tx", BlockSize);
    /// Asks for block headers after a known point.
    #[doc(alias = "OnGetHeaders")]
    GetHeaders(GetHeaders) = control("getheaders", Always(16_039)).requests_timely(8, ResponseKind::Headers);
    /// Block headers, asked for or announced.
    #[doc(alias = "OnHeaders")]
    Headers(Headers) = bulk("headers", Always(362_003));
    /// Asks for a `pong` with the same nonce.
    #[doc(alias = "OnPing")]
    Ping(Ping) = control("ping", Always(8));
    /// Answers a `ping`.
    #[doc(alias = "OnPong")]
    Pong(Pong) = control("pong", Always(8));
    /// Asks for the inventory of the transaction pool.
    #[doc(alias = "MsgMemPool")]
    #[doc(alias = "OnMemPool")]
    MemPool = control("mempool", Always(0)).requests_timely(8, ResponseKind::Inv);
    /// Asks for the blocks and votes that could be built upon.
    #[doc(alias = "MsgGetMiningState")]
    #[doc(alias = "OnGetMiningState")]
    GetMinings = control("getminings", Always(0)).requests(ResponseKind::MiningState);
    /// The blocks and votes that could be built upon.
    #[doc(alias = "OnMiningState")]
    MiningState(MiningState) = bulk("miningstate", Always(1546)).responds(Response::Message(ResponseKind::MiningState));
    /// Asks for announcements by `headers` instead of `inv`. From version 3 on.
    #[doc(alias = "MsgSendHeaders")]
    #[doc(alias = "OnSendHeaders")]
    SendHeaders = control("sendheaders", Always(0)).since(3);
    /// Asks not to be told of transactions below a fee rate. From version 5 on.
    #[doc(alias = "OnFeeFilter")]
    FeeFilter(FeeFilter) = control("feefilter", Always(8)).since(5);
    /// Asks for a version 1 committed filter. From version 6 on.
    #[doc(alias = "OnGetCFilter")]
    GetCFilter(GetCFilter) = control("getcfilter", Always(33)).since(6).requests(ResponseKind::CFilter);
    /// A version 1 committed filter. From version 6 on.
    #[doc(alias = "OnCFilter")]
    CFilter(Box<CFilter>) = bulk("cfilter", Always(262_182)).since(6).responds(Response::Message(ResponseKind::CFilter));
    /// Asks for headers of version 1 committed filters. From version 6 on.
    #[doc(alias = "OnGetCFHeaders")]
    GetCfHeaders(GetCfHeaders) = control("getcfheaders", Always(16_036)).since(6).requests(ResponseKind::CfHeaders);
    /// Headers of version 1 committed filters. From version 6 on.
    #[doc(alias = "OnCFHeaders")]
    CfHeaders(CfHeaders) =
        bulk("cfheaders", Always(64_036)).since(6).responds(Response::Message(ResponseKind::CfHeaders));
    /// Asks for the types of version 1 committed filters. From version 6 on.
    #[doc(alias = "MsgGetCFTypes")]
    #[doc(alias = "OnGetCFTypes")]
    GetCfTypes = control("getcftypes", Always(0)).since(6).requests(ResponseKind::CfTypes);
    /// The types of version 1 committed filters that the sender has. From version 6 on.
    #[doc(alias = "OnCFTypes")]
    CfTypes(CfTypes) = bulk("cftypes", Always(259)).since(6).responds(Response::Message(ResponseKind::CfTypes));
    /// Asks for a version 2 committed filter. From version 7 on.
    #[doc(alias = "OnGetCFilterV2")]
    GetCFilterV2(GetCFilterV2) = control("getcfilterv2", Always(32)).since(7).requests(ResponseKind::CFilterV2);
    /// A version 2 committed filter. From version 7 on.
    #[doc(alias = "OnCFilterV2")]
    CFilterV2(Box<CFilterV2>) =
        bulk("cfilterv2", Always(263_210)).since(7).responds(Response::Message(ResponseKind::CFilterV2));
    /// Asks for parts of the initial state. From version 8 on.
    #[doc(alias = "OnGetInitState")]
    GetInitState(GetInitState) = control("getinitstate", WhereValid(1057)).since(8).requests(ResponseKind::InitState);
    /// The initial state. From version 8 on.
    #[doc(alias = "OnInitState")]
    InitState(Box<InitState>) =
        bulk("initstate", WhereValid(1763)).since(8).responds(Response::Message(ResponseKind::InitState));
    /// Offers coins for a mix. This and all other mixing messages: from version 10 on.
    #[doc(alias = "OnMixPairReq")]
    MixPairReq(Box<MixPairReq>) = mixing("mixpairreq", 8_476_848);
    /// Publishes keys for a run of a mix.
    #[doc(alias = "OnMixKeyExchange")]
    MixKeyExchange(Box<MixKeyExchange>) = mixing("mixkeyxchg", 17_815);
    /// Ciphertexts for the keys of other peers of a mix.
    #[doc(alias = "OnMixCiphertexts")]
    MixCiphertexts(Box<MixCiphertexts>) = mixing("mixcphrtxt", 552_584);
    /// Reserves slots in a mix.
    #[doc(alias = "OnMixSlotReserve")]
    MixSlotReserve(Box<MixSlotReserve>) = mixing("mixslotres", 17_318_030);
    /// The solution of the slot reservation polynomial.
    #[doc(alias = "OnMixFactoredPoly")]
    MixFactoredPoly(Box<MixFactoredPoly>) = mixing("mixfactpoly", 49_291);
    /// The messages of a mix, each hidden among those of others.
    #[doc(alias = "OnMixDCNet")]
    MixDcNet(Box<MixDcNet>) = mixing("mixdcnet", 20_988_047);
    /// The transaction of a mix with the sender's part signed.
    #[doc(alias = "OnMixConfirm")]
    MixConfirm(Box<MixConfirm>) = mixing("mixconfirm", 1_016_520);
    /// The secrets of a mix that failed.
    #[doc(alias = "OnMixSecrets")]
    MixSecrets(Box<MixSecrets>) = mixing("mixsecrets", 70_831);
    /// Asks for version 2 committed filters of blocks in a row. From version 11 on.
    #[doc(alias = "OnGetCFiltersV2")]
    GetCfsV2(GetCfsV2) = control("getcfsv2", Always(64)).since(11).requests(ResponseKind::CFiltersV2);
    /// Version 2 committed filters of blocks in a row. From version 11 on.
    #[doc(alias = "OnCFiltersV2")]
    CFiltersV2(CFiltersV2) =
        bulk("cfiltersv2", Always(26_321_001)).since(11).responds(Response::Message(ResponseKind::CFiltersV2));
    /// Tells that a message was not accepted. Versions 1 to 8.
    #[doc(alias = "OnReject")]
    Reject(Box<Reject>) = control("reject", WhereValid(MAX_PAYLOAD)).dropped_after(8);
    /// A signed notice. Versions 1 to 5.
    #[doc(alias = "OnAlert")]
    Alert(Box<Alert>) = bulk("alert", WhereValid(MAX_PAYLOAD)).dropped_after(5);
    /// Adds to a bloom filter. Versions 1 to 5.
    #[doc(alias = "OnFilterAdd")]
    FilterAdd(FilterAdd) = control("filteradd", WhereValid(523)).dropped_after(5);
    /// Removes a bloom filter. Versions 1 to 5.
    #[doc(alias = "MsgFilterClear")]
    #[doc(alias = "OnFilterClear")]
    FilterClear = control("filterclear", Always(0)).dropped_after(5);
    /// Sets a bloom filter. Versions 1 to 5.
    #[doc(alias = "OnFilterLoad")]
    FilterLoad(FilterLoad) = control("filterload", WhereValid(36_012)).dropped_after(5);
    /// One block's header and proof of what passed a bloom filter. Versions 1 to 5.
    #[doc(alias = "OnMerkleBlock")]
    MerkleBlock(Box<MerkleBlock>) =
        bulk("merkleblock", BlockSize).dropped_after(5).responds(Response::Item(InventoryKind::FILTERED_BLOCK));
}
