//! KPay's stand-in over real HTTP, with its own books and a fault script.
