// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Wire

/// What the daemon says to its keeper: nine octets, and all that it can make the keeper do.
enum KeeperMessage: Equatable {
    /// The host is set up: look after it. Once.
    case begin
    /// The peer at `slot` has this address now; 0.0.0.0 when it has none that is any good.
    case address(IPv4Address, slot: UInt32)
    /// The tunnel ends on purpose.
    case end

    /// Its length, octets.
    static let length = 9
    /// How many peers there can be; no slot is as high.
    private static let slots: UInt32 = 1 << 20

    /// One octet for the kind, four for the slot, four for the address, most significant octet first.
    var octets: [UInt8] {
        switch self {
        case .begin: KeeperMessage.octets(1, 0, 0)
        case .address(let address, let slot): KeeperMessage.octets(2, slot, address.rawValue)
        case .end: KeeperMessage.octets(3, 0, 0)
        }
    }

    /// Reads a message; `nil` for everything that is none, down to the last octet.
    init?(_ octets: [UInt8]) {
        guard octets.count == KeeperMessage.length else { return nil }
        func number(at start: Int) -> UInt32 { octets[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) } }
        let (slot, address) = (number(at: 1), IPv4Address(rawValue: number(at: 5)))
        switch octets[0] {
        case 1 where slot == 0 && address == .unspecified: self = .begin
        case 2 where slot < KeeperMessage.slots && (address.isUnicast || address == .unspecified):
            self = .address(address, slot: slot)
        case 3 where slot == 0 && address == .unspecified: self = .end
        default: return nil
        }
    }

    private static func octets(_ kind: UInt8, _ slot: UInt32, _ address: UInt32) -> [UInt8] {
        [kind]
            + [slot, address].flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }
    }
}

/// How the keeper stands, as it tells the daemon.
struct KeeperNews: Codable, Equatable {
    /// How often something of the tunnel was made again that another program had removed or changed.
    var repairs: UInt64 = 0
    /// Why the host is not what it should be; `nil` when it is.
    var problem: String?
    /// What keeps the tunnel's packets from leaving by another way; `nil` without a kill switch.
    var killSwitch: KillSwitchNews?

    /// How many messages about addresses were acted upon: what they want of the host is there.
    var judged: UInt64?
    /// Why peers in these slots cannot be where their names lead, the first of them.
    var refused: [Int: String]?

    /// The longest message, octets.
    static let limit = 8_192

    /// As JSON.
    var octets: [UInt8] {
        var news = self
        news.problem = problem.map { String($0.prefix(1_000)) }
        return (try? JSONEncoder().encode(news)).map(Array.init) ?? []
    }

    init(repairs: UInt64 = 0, problem: String? = nil, killSwitch: KillSwitchNews? = nil) {
        (self.repairs, self.problem, self.killSwitch) = (repairs, problem, killSwitch)
    }

    /// Reads what ``octets`` wrote.
    init?(_ octets: [UInt8]) {
        guard let news = try? JSONDecoder().decode(KeeperNews.self, from: Data(octets)) else { return nil }
        self = news
    }
}
