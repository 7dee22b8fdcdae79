// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The other end of the tunnel, as it was written down.
///
/// Two spellings of a name are the same one.
package enum PeerAddress: Hashable, Sendable {
    /// An IPv4 address.
    case address(IPv4Address)
    /// A host name, not resolved yet.
    case name(String)

    /// Reads an address, or else a host name (RFC 1123 §2.1). `nil` when `text` is neither.
    package init?(_ text: String) {
        if let address = IPv4Address(text) {
            self = .address(address)
        } else if PeerAddress.isHostName(text) {
            self = .name(text)
        } else {
            return nil
        }
    }

    package static func == (one: PeerAddress, other: PeerAddress) -> Bool {
        switch (one, other) {
        case (.address(let one), .address(let other)): one == other
        case (.name(let one), .name(let other)): canonical(one) == canonical(other)
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .address(let address): hasher.combine(address)
        case .name(let name): hasher.combine(PeerAddress.canonical(name))
        }
    }

    /// The same for all spellings of a name: in lower case, without the dot of the root (RFC 4343, RFC 1034 3.1).
    package static func canonical(_ name: String) -> String {
        (name.hasSuffix(".") ? String(name.dropLast()) : name).lowercased()
    }

    /// Labels of letters, digits and hyphens; the last one is not a number, or every mistyped address would be a name.
    private static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false).dropLast(text.hasSuffix(".") ? 1 : 0)
        guard text.utf8.count <= 253, let last = labels.last, !last.allSatisfy(\.isNumber) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        }
    }
}

extension PeerAddress: CustomStringConvertible {
    /// As it was written.
    package var description: String {
        switch self {
        case .address(let address): address.description
        case .name(let name): name
        }
    }
}
