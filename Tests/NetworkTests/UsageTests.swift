// SPDX-License-Identifier: Apache-2.0

import Testing

/// Wrong usage is said in one line, ends with 2, and leaves the host alone.
@Suite(.needsRoot)
struct UsageTests {
    @Test(arguments: [
        ["--peer", "192.0.2.2", "--unknown-flag"],
        ["--peer"],
    ])
    func `flags that do not exist or are missing`(arguments: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            // The argument parser's own words: what, and what now.
            let message = try a.refuses([Host.program, "up"] + arguments, status: 2)
            #expect(message.contains("see 'iptund --help'"))
        }
    }

    @Test(arguments: [
        ["--peer", "192.0.2.2", "file"],
        ["--local", "192.0.2.1"],
        ["--accept-from", "any"],
        ["--only", "decapsulate"],
        ["--peer", "not an address!"],
        ["--peer", "300.1.2.3"],
        ["--peer", "127.0.0.1"],
        ["--peer", "224.0.0.1"],
        ["--peer", "192.0.2.2", "--workers", "0"],
        ["--peer", "192.0.2.2", "--mtu", "67"],
        ["--peer", "192.0.2.2", "--mtu", "65516"],
        ["--peer", "192.0.2.2", "--mtu", "abc"],
        ["--peer", "192.0.2.2", "--ttl", "0"],
        ["--peer", "192.0.2.2", "--ttl", "256"],
        ["--peer", "192.0.2.2", "--df", "maybe"],
        ["--peer", "192.0.2.2", "--dscp", "64"],
        ["--peer", "192.0.2.2", "--ecn", "strange"],
        ["--peer", "192.0.2.2", "--min-ttl", "0"],
        ["--peer", "192.0.2.2", "--mss-clamp", "0"],
        ["--peer", "192.0.2.2", "--only", "both"],
        ["--peer", "192.0.2.2", "--accept-from", "10.0.0.1/8"],
        ["--peer", "192.0.2.2", "--only", "encapsulate", "--accept-from", "any"],
        ["--peer", "192.0.2.2", "--device", "sixteen-octets-x"],
        ["--peer", "192.0.2.2", "--device", "a/b"],
        ["--peer", "192.0.2.2", "--address", "10.9.0.1/33"],
        ["--peer", "192.0.2.2", "--allowed-ips", "10.9.0.1/24"],
    ])
    func `values that make no sense`(arguments: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            explains(try a.refuses([Host.program, "up"] + arguments, status: 2))
        }
    }
}
