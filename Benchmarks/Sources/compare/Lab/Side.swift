// SPDX-License-Identifier: Apache-2.0

/// One of the two hosts.
enum Side: String, CaseIterable {
    case a, b

    /// Its address on the wire between the two.
    var underlay: String { self == .a ? "10.250.0.1" : "10.250.0.2" }
    /// Its address inside of the tunnel.
    var inner: String { self == .a ? "10.200.1.1" : "10.200.1.2" }
    var other: Side { self == .a ? .b : .a }
}
