// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Kinds of values that several keys have.
extension Entry {
    /// A word that stands for a case.
    func choice<Value: RawRepresentable & CaseIterable>(_ whatNow: String) throws(Complaint) -> Value
    where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            let words = Value.allCases.map(\.rawValue)
            throw refusal(why: "not one of \(words.joined(separator: ", "))", whatNow: whatNow)
        }
        return value
    }

    /// `KillSwitch`.
    func killSwitch() throws(Complaint) -> KillSwitch {
        switch text.lowercased() {
        case "yes", "on": return .on
        case "no", "off": return .off
        case "all": return .all
        default: throw refusal(why: "neither yes, no nor all", whatNow: "no is the default; all blocks IPv6, too")
        }
    }

    /// A number in digits only.
    func number(in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number)
        else { return nil }
        return number
    }

    /// A block of addresses. Bits behind its length are an error: it is unclear what was meant.
    func prefix(orElse words: String? = nil) throws(Complaint) -> Prefix {
        guard let prefix = Prefix(text) else {
            throw refusal(
                why: words.map { "neither \($0) nor an IPv4 prefix" } ?? "not an IPv4 prefix",
                whatNow: "such as 10.9.0.0/24")
        }
        let address = text.prefix { $0 != "/" }
        guard IPv4Address(address) == prefix.address else {
            throw refusal(
                why: "has bits beyond its length", whatNow: "write \(prefix), or \(address)/32 for the one address")
        }
        return prefix
    }

    /// Whether there are only letters, digits, `-`, `_` and `.` in a name.
    func isPlain(_ name: some StringProtocol) -> Bool {
        name.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    /// The name of a network interface.
    func deviceName(_ text: some StringProtocol) throws(Complaint) -> DeviceName {
        guard let device = DeviceName(String(text)) else {
            let why = text.utf8.count > 15 ? "longer than 15 octets" : "not a name that an interface can have"
            throw refusal(why: why, whatNow: "use up to 15 letters, digits, '-', '_' or '.'")
        }
        return device
    }

    /// A tunnel end.
    func checkUnicast(_ address: IPv4Address) throws(Complaint) {
        guard address.isUnicast else {
            throw refusal(
                why: "no address of a single host on a network",
                whatNow: "0/8, 127/8, multicast and broadcast cannot be tunnel ends")
        }
    }
}
