// SPDX-License-Identifier: Apache-2.0

/// The parts of `nft -a list ruleset` that nft's JSON does not have: rules as text, and before nft 1.0.8 the devices of chains.
struct NftListing {
    /// Rules as text, by family, table and handle: `ip protocol ipencap drop # handle 4`.
    private(set) var rules: [String: String] = [:]
    /// The devices of base chains, by family, table and chain: `type filter hook ingress devices = { "eth0" } priority 0;`.
    private(set) var devices: [String: [String]] = [:]

    init(_ listing: String) {
        var (table, chain) = ("", "")
        for line in listing.utf8.split(separator: UInt8(ascii: "\n")) {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { String(Substring($0)) }
            switch words.first {
            case "table" where words.count > 2: table = "\(words[1]) \(words[2])"
            case "chain" where words.count > 1: chain = words[1]
            case "type" where words.count > 3 && words[2] == "hook":
                let names = NftListing.devices(words)
                if !names.isEmpty { devices["\(table) \(chain)"] = names }
            default: break
            }
            guard words.count > 2, words[words.count - 2] == "handle", words[words.count - 3] == "#",
                let handle = words.last
            else { continue }
            rules["\(table) \(handle)"] = words.dropLast(3).joined(separator: " ")
        }
    }

    private static func devices(_ words: [String]) -> [String] {
        guard let start = words.firstIndex(where: { ["device", "devices"].contains($0) }),
            let end = words.firstIndex(of: "priority"), start < end
        else { return [] }
        return words[(start + 1)..<end].map { word in word.filter { !"\"{},=".contains($0) } }.filter { !$0.isEmpty }
    }
}
