//! Committed filters: what a wallet looks through instead of whole blocks.

mod cfilter;
mod cfilter_v2;

pub use self::cfilter::{CFHeaders, CFTypes, CFilter, FilterData, FilterType, GetCFHeaders, GetCFilter};
pub use self::cfilter_v2::{CFilterV2, CFiltersV2, GetCFilterV2, GetCFsV2};
