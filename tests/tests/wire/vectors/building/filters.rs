//! Committed filters of both versions.

use peer_core::message::{
    CFilter, CFilterV2, CFiltersV2, CfHeaders, CfTypes, FilterData, FilterType, GetCFilter, GetCFilterV2,
    GetCfHeaders, GetCfsV2,
};
use peer_core::{CodecError, Hash, Message};

use super::words::Words;

pub(super) fn build(command: &str, words: &Words<'_>) -> Result<Message, CodecError> {
    let (block_hash, filter_type) = (Hash::ZERO, FilterType::REGULAR);
    Ok(match command {
        "getcfilter" => Message::GetCFilter(GetCFilter { block_hash, filter_type }),
        "cfilter" => {
            let data = FilterData::new(words.bytes("data_len", 1))?;
            Message::CFilter(Box::new(CFilter { block_hash, filter_type, data }))
        }
        "getcfheaders" => {
            let locator = words.hashes("locator_hashes_count")?;
            Message::GetCfHeaders(GetCfHeaders { locator, stop: Hash::ZERO, filter_type })
        }
        "cfheaders" => {
            let header_hashes = words.hashes("header_hashes_count")?;
            Message::CfHeaders(CfHeaders { stop: Hash::ZERO, filter_type, header_hashes })
        }
        "getcftypes" => Message::GetCfTypes,
        "cftypes" => {
            let supported_filters = words.items("supported_filters_count", filter_type)?;
            Message::CfTypes(CfTypes { supported_filters })
        }
        "getcfilterv2" => Message::GetCFilterV2(GetCFilterV2 { block_hash }),
        "cfilterv2" => Message::CFilterV2(Box::new(filter_v2(words)?)),
        "getcfsv2" => Message::GetCfsV2(GetCfsV2 { start_hash: Hash::ZERO, end_hash: Hash::ZERO }),
        "cfiltersv2" => {
            let cfilters = words.items("cfilters_count", filter_v2(words)?)?;
            Message::CFiltersV2(CFiltersV2 { cfilters })
        }
        _ => panic!("no one knows how to build {command}"),
    })
}

fn filter_v2(words: &Words<'_>) -> Result<CFilterV2, CodecError> {
    Ok(CFilterV2 {
        block_hash: Hash::ZERO,
        data: FilterData::new(words.bytes("data_len", 1))?,
        proof_index: 0,
        proof_hashes: words.hashes("proof_hashes_count")?,
    })
}
