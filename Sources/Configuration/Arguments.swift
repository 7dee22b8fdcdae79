// SPDX-License-Identifier: Apache-2.0

package import Tunnel
package import Wire

/// Reads what people write into values, one function per kind of value.
///
/// Each throws a ``Complaint`` with exit code 2 that repeats what was written.
package enum Arguments {
    /// An address that one host can have, or a name.
    package static func peer(_ text: String) throws(Complaint) -> PeerAddress {
        guard let peer = PeerAddress(text) else {
            throw .usage(
                "--peer '\(text)'", why: "neither an IPv4 address nor a host name",
                whatNow: "give the other end's address, such as 192.0.2.1")
        }
        if case .address(let address) = peer { try checkUnicast(address, flag: "--peer") }
        return peer
    }

    /// One of our own addresses.
    package static func local(_ text: String) throws(Complaint) -> IPv4Address {
        guard let address = IPv4Address(text) else {
            throw .usage(
                "--local '\(text)'", why: "not an IPv4 address", whatNow: "give one of this host's ('ip address')")
        }
        try checkUnicast(address, flag: "--local")
        return address
    }

    private static func checkUnicast(_ address: IPv4Address, flag: String) throws(Complaint) {
        guard address.isUnicast else {
            throw .usage(
                "\(flag) \(address)", why: "no address of a single host on a network",
                whatNow: "0/8, 127/8, multicast and broadcast cannot be tunnel ends")
        }
    }

    package static func device(_ text: String) throws(Complaint) -> DeviceName {
        guard let device = DeviceName(text) else {
            let why = text.utf8.count > 15 ? "longer than 15 octets" : "not a name that an interface can have"
            throw .usage("--device '\(text)'", why: why, whatNow: "use up to 15 letters, digits, '-', '_' or '.'")
        }
        return device
    }

    package static func address(_ text: String) throws(Complaint) -> InterfaceAddress {
        guard let address = InterfaceAddress(text) else {
            throw .usage(
                "--address '\(text)'", why: "not of the form A/P or 'A peer B'", whatNow: "such as 10.9.0.1/32")
        }
        guard address.address.isUnicast else {
            throw .usage("--address \(text)", why: "no address of a single host", whatNow: "such as 10.9.0.1/32")
        }
        return address
    }

    /// A prefix. Bits behind its length are an error: it is unclear what was meant.
    package static func allowed(_ text: String) throws(Complaint) -> Prefix {
        guard let prefix = Prefix(text) else {
            throw .usage("--allowed-ips '\(text)'", why: "not an IPv4 prefix", whatNow: "such as 10.9.0.0/24")
        }
        guard text.split(separator: "/").first.flatMap({ IPv4Address($0) }) == prefix.address else {
            throw .usage(
                "--allowed-ips \(text)", why: "has bits beyond its length",
                whatNow: "write \(prefix), or \(text.prefix { $0 != "/" })/32 for the one address")
        }
        return prefix
    }

    package static func mtu(_ text: String) throws(Complaint) -> Int {
        guard text.first != "+", let mtu = Int(text), TunnelSettings.mtuRange.contains(mtu) else {
            let (least, most) = (TunnelSettings.mtuRange.lowerBound, TunnelSettings.mtuRange.upperBound)
            throw .usage(
                "--mtu '\(text)'", why: "not a number from \(least) to \(most)",
                whatNow: "leave it out to take the underlay's MTU - 20")
        }
        return mtu
    }

    /// How many workers.
    package static func workers(_ text: String) throws(Complaint) -> WorkerCount {
        if text == "auto" { return .automatic }
        guard let count = number(text, in: 1...WorkerCount.maximum) else {
            throw .usage(
                "--workers '\(text)'", why: "neither 1 to \(WorkerCount.maximum) nor 'auto'",
                whatNow: "leave it out for one; more help only where a single one cannot keep up")
        }
        return .fixed(count)
    }

    package static func ttl(_ text: String) throws(Complaint) -> OuterPolicy.TTLPolicy {
        if text == "inherit" { return .inherit }
        guard text.first != "+", let number = UInt8(text), let ttl = TTL(rawValue: number) else {
            throw .usage("--ttl '\(text)'", why: "neither 1 to 255 nor 'inherit'", whatNow: "the default is 64")
        }
        return .fixed(ttl)
    }

    /// Values by comma, by repetition, or both; each is read by `element`. Twice the same is an error.
    package static func list<Value: Hashable>(
        _ texts: [String], _ element: (String) throws(Complaint) -> Value
    ) throws(Complaint) -> [Value] {
        var values: [Value] = []
        for text in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            let words = text.split(whereSeparator: \.isWhitespace)
            let value = try element(words.joined(separator: " "))
            guard !values.contains(value) else {
                throw .usage("'\(text)'", why: "given twice", whatNow: "give it once")
            }
            values.append(value)
        }
        return values
    }
}
