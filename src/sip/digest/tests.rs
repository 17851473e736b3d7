//! Vectors of the RFCs and stories of logging in.
