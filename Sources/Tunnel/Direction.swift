// SPDX-License-Identifier: Apache-2.0

/// The two halves of a tunnel. In 1994 each was a kernel module of its own.
public enum Direction: String, CaseIterable, Sendable {
    /// From the TUN device to the network: `tunnel.o`.
    case encapsulate
    /// From the network to the TUN device: `ipip.o`.
    case decapsulate
}
