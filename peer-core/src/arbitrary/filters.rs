//! Committed filters.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{any_fields, any_value, bytes, valid};
use crate::message::{
    CFilter, CFilterV2, CFiltersV2, CfHeaders, CfTypes, FilterData, FilterType, GetCFilter, GetCFilterV2,
    GetCfHeaders, GetCfsV2,
};

any_value! {
    FilterType: Self::new;
}

any_fields! {
    GetCFilter { block_hash, filter_type }
    CFilter { block_hash, filter_type, data }
    GetCfHeaders { locator, stop, filter_type }
    CfHeaders { stop, filter_type, header_hashes }
    CfTypes { supported_filters }
    GetCFilterV2 { block_hash }
    CFilterV2 { block_hash, data, proof_index, proof_hashes }
    GetCfsV2 { start_hash, end_hash }
    CFiltersV2 { cfilters }
}

impl<'a> Arbitrary<'a> for FilterData {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        valid(Self::new(bytes(u, Self::MAX_LEN)?))
    }
}
