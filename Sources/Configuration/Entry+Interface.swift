// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What the keys of the device, its addresses, its routes and the daemon say. Each value is wrong usage, or it is taken.
extension Entry {
    /// `Address`: one of the device's own.
    package func interfaceAddress() throws(Complaint) -> InterfaceAddress {
        guard let address = InterfaceAddress(text) else {
            throw refusal(why: "not of the form A/P or 'A peer B'", whatNow: "such as 10.9.0.1/32")
        }
        guard address.address.isUnicast else {
            throw refusal(why: "no address of a single host", whatNow: "such as 10.9.0.1/32")
        }
        return address
    }

    /// `Local`: one of our outer addresses; `nil` for what routes say.
    package func local() throws(Complaint) -> IPv4Address? {
        if text == "auto" { return nil }
        guard let address = IPv4Address(text) else {
            throw refusal(
                why: "neither an IPv4 address nor 'auto'", whatNow: "give one of this host's ('ip address')")
        }
        try checkUnicast(address)
        return address
    }

    /// `Device`.
    package func device() throws(Complaint) -> DeviceName { try deviceName(text) }

    /// `MTU`, octets; `nil` for what the underlay can carry.
    package func mtu() throws(Complaint) -> Int? {
        if text == "auto" { return nil }
        let range = TunnelSettings.mtuRange
        guard let mtu = number(in: range) else {
            throw refusal(
                why: "neither a number from \(range.lowerBound) to \(range.upperBound) nor 'auto'",
                whatNow: "leave it out to take the underlay's MTU - 20")
        }
        return mtu
    }

    /// `Table`. Some tables are the kernel's own (`/usr/share/iproute2/rt_tables`).
    package func table() throws(Complaint) -> RouteTable {
        if text == "auto" { return .automatic }
        if text == "off" { return .off }
        guard let number = text == "main" ? 254 : number(in: 0...Int(UInt32.max)) else {
            throw refusal(
                why: "neither auto, off, main, nor a number up to \(UInt32.max)",
                whatNow: "auto is what suits the peers' prefixes")
        }
        guard ![0, 253, 255].contains(number) else {
            throw refusal(why: "that table is the kernel's own", whatNow: "take another number, such as 51820")
        }
        return .number(UInt32(number))
    }

    /// `Forward`: `yes`, `no`, or a device, one of several; `earlier` is what the values before it mean.
    package func forwarding(after earlier: Forwarding) throws(Complaint) -> Forwarding {
        switch (text.lowercased(), earlier) {
        case ("yes", .off), ("on", .off): return .connected
        case ("no", .off), ("off", .off): return .off
        case ("yes", _), ("on", _), ("no", _), ("off", _), (_, .connected):
            throw refusal(
                why: "yes and no do not go together with another value", whatNow: "say it once, or name devices")
        case (_, .off): return .devices([try deviceName(text)])
        case (_, .devices(let others)):
            let device = try deviceName(text)
            guard !others.contains(device) else { throw refusal(why: "given twice", whatNow: "give it once") }
            return .devices(others + [device])
        }
    }

    /// `ProxyARP`: `DEV` or `DEV networks`.
    package func proxyARP() throws(Complaint) -> ProxyARP {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let device = words.first, words.count == 1 || words.count == 2 && words[1] == "networks" else {
            throw refusal(why: "neither DEV nor 'DEV networks'", whatNow: "such as eth0")
        }
        return ProxyARP(device: try deviceName(device), scope: words.count == 2 ? .networks : .hosts)
    }

    /// `Netns`: a name that `ip netns add` takes, as a file of /run/netns, and that does nothing in a command.
    package func namespace() throws(Complaint) -> String {
        let plain = text.filter { !"@:+,=".contains($0) }
        guard isPlain(plain), (1...255).contains(text.utf8.count), text.first != ".", text.first != "-" else {
            throw refusal(why: "not a name of a network namespace", whatNow: "'ip netns' lists them")
        }
        return text
    }

    /// `FwMark`: `N` or `N/MASK`; `nil` for one that no other tunnel has.
    package func firewallMark() throws(Complaint) -> PacketMark? {
        if text == "auto" { return nil }
        guard let mark = PacketMark(text) else {
            throw refusal(
                why: "neither 'auto' nor N or N/MASK, all bits of N within MASK", whatNow: "such as 0x1994/0xffff")
        }
        guard mark.value != 0 else {
            throw refusal(why: "0 is what packets have that nothing has marked", whatNow: "such as 0x1994/0xffff")
        }
        return mark
    }

    /// `User`: a name as useradd(8) takes it.
    package func user() throws(Complaint) -> String {
        let name = text.hasSuffix("$") ? text.dropLast() : text[...]
        guard isPlain(name), !name.isEmpty, text.utf8.count <= 32, text.first != "-",
            !name.allSatisfy({ $0.isNumber || $0 == "." })
        else { throw refusal(why: "not a name of a user", whatNow: "such as iptund; numbers are not taken") }
        return text
    }

    /// `Workers`.
    package func workers() throws(Complaint) -> WorkerCount {
        if text == "auto" { return .automatic }
        guard let count = number(in: 1...WorkerCount.maximum) else {
            throw refusal(
                why: "neither 1 to \(WorkerCount.maximum) nor 'auto'",
                whatNow: "leave it out for one; more help only where a single one cannot keep up")
        }
        return .fixed(count)
    }

    /// `Offload`.
    package func offload() throws(Complaint) -> Offload { try choice("off is for drivers that do it wrong") }
}
