//! Committed filters: what a wallet looks through instead of whole blocks.

mod cfilter;
mod cfilter_v2;

pub use self::cfilter::{
    CFilter, CfHeaders, CfTypes, FilterData, FilterHeaderHashes, FilterType, FilterTypeList, GetCFilter,
    GetCfHeaders,
};
pub use self::cfilter_v2::{CFilterV2, CFilterV2List, CFiltersV2, GetCFilterV2, GetCfsV2, ProofHashes};
