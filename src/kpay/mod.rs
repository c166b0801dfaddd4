//! KPay's REST API: wire types exactly as documented, conversion lossless or an error, tokens, the rate limit, and
//! errors that answer one question: is it known that nothing happened?

pub mod wire;
