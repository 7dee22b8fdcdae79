// SPDX-License-Identifier: Apache-2.0

import Linux

extension Lab {
    /// Writes a configuration file, or writes it anew; `path` is `PLACE/TUNNEL`, so that several hosts may have tunnels of
    /// the same name.
    @discardableResult
    func file(_ path: String, _ text: String) throws -> String {
        if let place = path.split(separator: "/").dropLast().first {
            _ = try Files.makeDirectory("\(directory)/\(place)", mode: 0o755)
        }
        let file = "\(directory)/\(path).conf"
        try Files.replace(file, with: Array(text.utf8), mode: 0o644)
        return file
    }
}

extension Host {
    /// What tunnels may set on devices, and for whom this host answers.
    var settings: [String] {
        get throws {
            let conf = "/proc/sys/net/ipv4/conf/*/"
            let keys = ["forwarding", "send_redirects", "rp_filter", "accept_local", "proxy_arp"].map { conf + $0 }
            let script = "grep -H . \(keys.joined(separator: " ")) /proc/sys/net/ipv4/ip_forward; ip neigh show proxy"
            return try shell(script).split(separator: "\n").map(String.init)
        }
    }

    /// Strict reverse path filtering, on what is there and on what will be.
    func filterStrictly() throws {
        try shell("for file in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $file; done")
    }

    /// The device that packets leave by: `"192.0.2.1"`, `"192.0.2.1 mark 0x1994"`.
    func device(to question: String) throws -> String {
        // "192.0.2.1 via 198.51.100.1 dev eth0 src 198.51.100.2 uid 0"
        let words = try shell("ip route get \(question)").split(separator: " ")
        guard let place = words.firstIndex(of: "dev"), place + 1 < words.count else { return "" }
        return String(words[place + 1])
    }
}
