// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What the keys of a peer say.
extension Entry {
    /// `Name`: what fits into a line of a report, and into a label.
    package func peerName() throws(Complaint) -> String {
        guard isPlain(text), (1...63).contains(text.utf8.count), text.first != "-" else {
            throw refusal(why: "not a name for a peer", whatNow: "use up to 63 letters, digits, '-', '_' or '.'")
        }
        return text
    }

    /// `Endpoint`: an address that one host can have, or a name.
    package func endpoint() throws(Complaint) -> PeerAddress {
        guard let peer = PeerAddress(text) else {
            throw refusal(
                why: strangeness, whatNow: "give the other end's IPv4 address, such as 192.0.2.1, or its name")
        }
        if case .address(let address) = peer { try checkUnicast(address) }
        return peer
    }

    /// Why the text is no endpoint: names the forms that other tunnels accept and protocol 4 does not have.
    private var strangeness: String {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if text.hasPrefix("["), text.contains("]") || parts.count > 2, text.contains(":") {
            return "an IPv6 address: outer packets are IPv4 only, and have no ports"
        }
        if parts.count > 2, text.prefix(while: { $0 != "%" }).allSatisfy({ $0.isHexDigit || ":.".contains($0) }) {
            return "an IPv6 address: outer packets are IPv4 only"
        }
        if parts.count == 2, PeerAddress(String(parts[0])) != nil, parts[1].allSatisfy(\.isNumber) {
            return "has a port: protocol 4 has none"
        }
        if text.contains("/"), !text.contains("//") { return "a block of addresses, and a peer has one" }
        return "neither an IPv4 address nor a host name"
    }

    /// `AllowedIPs`.
    package func allowed() throws(Complaint) -> Prefix { try prefix() }
}
