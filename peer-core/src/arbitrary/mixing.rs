//! Mixing.

use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{any_fields, bytes, list, text, valid};
use crate::hash::Hash;
use crate::message::{
    DcMix, DcNet, FieldValues, MixAmount, MixChange, MixCiphertexts, MixConfirm, MixDcNet, MixFactoredPoly,
    MixHeader, MixKeyExchange, MixPairReq, MixSecrets, MixSlotReserve, MixUtxo, ScriptClass, SeenMessages,
};

any_fields! {
    MixHeader { signature, identity, session_id, run }
    MixPairReq {
        signature, identity, expiry, mix_amount, script_class, tx_version, lock_time, message_count,
        input_value, utxos, change, flags, pairing_flags
    }
    MixKeyExchange { header, epoch, pos, ecdh, pqpk, commitment, seen_pair_requests }
    MixSlotReserve { header, dc_mix, seen_ciphertexts }
    MixDcNet { header, dc_net, seen_slot_reserves }
    MixConfirm { header, mix, seen_dc_nets }
    MixSecrets { header, seed, slot_reserve_messages, dc_net_messages, seen_secrets }
}

impl<'a> Arbitrary<'a> for MixAmount {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(u.int_in_range(0..=i64::MAX)?))
    }
}

impl<'a> Arbitrary<'a> for ScriptClass {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(text(u, Self::MAX_LEN)?))
    }
}

impl<'a> Arbitrary<'a> for MixUtxo {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let script = bytes(u, Self::MAX_SCRIPT_LEN)?;
        let public_key = bytes(u, Self::MAX_PUBLIC_KEY_LEN)?;
        let signature = bytes(u, Self::MAX_SIGNATURE_LEN)?;
        valid(Self::new(u.arbitrary()?, script, public_key, signature, u.arbitrary()?))
    }
}

impl<'a> Arbitrary<'a> for MixChange {
    /// Its script is at most as long as that of an output that is spent, so that the whole fits.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let pk_script = bytes(u, MixUtxo::MAX_SCRIPT_LEN)?;
        Ok(Self { value: u.arbitrary()?, version: u.arbitrary()?, pk_script })
    }
}

impl<'a> Arbitrary<'a> for MixCiphertexts {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let pairs: Result<Vec<([u8; Self::CIPHERTEXT_LEN], Hash)>> =
            u.arbitrary_iter()?.take(SeenMessages::MAX).collect();
        let (ciphertexts, seen): (Vec<_>, Vec<_>) = pairs?.into_iter().unzip();
        valid(Self::new(u.arbitrary()?, ciphertexts, valid(seen.try_into())?))
    }
}

impl<'a> Arbitrary<'a> for FieldValues {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let values: Result<Vec<Value<'a>>> = u.arbitrary_iter()?.take(Self::MAX).collect();
        valid(Self::new(values?.iter().map(|value| value.0)))
    }
}

impl<'a> Arbitrary<'a> for MixFactoredPoly {
    /// With at most 479 hashes: the limit of the whole has no room for more beside the largest roots.
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { header: u.arbitrary()?, roots: u.arbitrary()?, seen_slot_reserves: list(u, 479)? })
    }
}

impl<'a> Arbitrary<'a> for DcMix {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let rows = u.int_in_range(1..=u.len().clamp(1, FieldValues::MAX))?;
        let columns = u.int_in_range(1..=per_row(u.len(), rows).clamp(1, MAX_PEERS))?;
        let values: Result<Vec<Value<'a>>> =
            (0..rows.saturating_mul(columns)).map(|_| u.arbitrary()).collect();
        let values = values?;
        valid(Self::new(values.chunks(columns).map(|row| row.iter().map(|value| value.0))))
    }
}

impl<'a> Arbitrary<'a> for DcNet {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let most = u.len().checked_div(Self::MESSAGE_LEN).unwrap_or_default();
        let rows = u.int_in_range(1..=most.clamp(1, FieldValues::MAX))?;
        let columns = u.int_in_range(0..=per_row(most, rows).min(FieldValues::MAX))?;
        let row = |u: &mut Unstructured<'a>| (0..columns).map(|_| u.arbitrary()).collect::<Result<Vec<_>>>();
        let rows: Result<Vec<Vec<[u8; Self::MESSAGE_LEN]>>> = (0..rows).map(|_| row(u)).collect();
        valid(Self::new(rows?))
    }
}

/// The most peers of one mix.
const MAX_PEERS: usize = 512;

/// A field value: at most 32 bytes.
struct Value<'a>(&'a [u8]);

impl<'a> Arbitrary<'a> for Value<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let len = u.int_in_range(0..=u.len().min(32))?;
        u.bytes(len.min(u.len())).map(Self)
    }
}

/// How many values each row may have, so that all have their data.
fn per_row(values: usize, rows: usize) -> usize {
    values.checked_div(rows).unwrap_or_default()
}
