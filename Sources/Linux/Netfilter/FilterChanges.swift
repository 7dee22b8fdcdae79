// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CNetlink
internal import Glibc

/// Hears that tables of nftables of this network namespace changed.
///
/// The corresponding C call is `bind` to the group NFNLGRP_NFTABLES. Requires `CAP_NET_ADMIN`.
package struct FilterChanges: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// Begins to listen.
    /// - Throws: `EPROTONOSUPPORT` where the kernel has no netfilter.
    package init() throws(Errno) {
        descriptor = try Descriptor.listening(
            to: 1 << UInt32(NFNLGRP_NFTABLES.rawValue - 1), about: NETLINK_NETFILTER)
    }

    /// Takes what was heard so far. Returns whether a table of this name may have changed: those of others change all the
    /// time on some hosts.
    ///
    /// More than fits into the socket's buffer is lost (ENOBUFS): that something changed is still known.
    package func drain(about table: String) -> Bool {
        var hasChanged = false
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while true {
            let count = unsafe recv(descriptor.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC))
            if count < 0, Errno.current != .noBuffers { return hasChanged }
            // What is longer than a page of ours is cut off: it may be about anything.
            if count < 0 || count > buffer.count || Self.isAbout(table, buffer[..<count]) { hasChanged = true }
        }
    }

    /// Whether one of these messages is about the table. In all that nftables says, attribute 1 is the name of a table, but in
    /// those about generations (NFT_MSG_NEWGEN), where it is a number.
    private static func isAbout(_ table: String, _ messages: ArraySlice<UInt8>) -> Bool {
        var rest = messages
        // struct nlmsghdr, then struct nfgenmsg.
        while rest.count >= 20 {
            // SAFETY: twenty octets are there, by the line above.
            let length = unsafe rest.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) }
            guard (20...rest.count).contains(Int(length)) else { return true }
            let attributes = AttributeList(Array(rest.dropFirst(20).prefix(Int(length) - 20)))
            if let name = attributes[1], name.dropLast().elementsEqual(table.utf8) { return true }
            rest = rest.dropFirst(min(rest.count, Int(length + 3) & ~3))
        }
        return false
    }
}
