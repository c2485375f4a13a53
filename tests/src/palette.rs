//! The colours of all pictures, as red, green and blue: those of `dcrpeer crawl --svg`, for all kinds of colour vision.

/// Titles and names.
pub const INK: (u8, u8, u8) = (0x24, 0x29, 0x2f);
/// Numbers of axes, and notes.
pub const FAINT: (u8, u8, u8) = (0x57, 0x60, 0x6a);
/// Lines of a grid.
pub const GRID: (u8, u8, u8) = (0xd8, 0xde, 0xe4);
/// Curves: blue, vermilion, green and purple, by Okabe and Ito.
pub const CURVES: [(u8, u8, u8); 4] =
    [(0x00, 0x72, 0xb2), (0xd5, 0x5e, 0x00), (0x00, 0x9e, 0x73), (0xcc, 0x79, 0xa7)];
