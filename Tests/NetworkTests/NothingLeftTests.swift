// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Whatever a tunnel changed on its host, and however it ends: nothing of it is left.
@Suite(.needsRoot)
struct NothingLeftTests {
    /// See ``Lab/gateway()`` for the network, which is the same for all ways to end.
    @Test(arguments: Variety.allCases) func `nothing is left, however it ends`(variety: Variety) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            try variety.prepare(gateway)
            for way in WayToEnd.allCases {
                try expectNothingLeft(of: variety, after: way, gateway, Comment(rawValue: way.rawValue))
            }
        }
    }

    private func expectNothingLeft(
        of variety: Variety, after way: WayToEnd, _ gateway: Gateway, _ comment: Comment
    ) throws {
        let a = gateway.a
        let before = (a: try a.state, left: try gateway.left.state)
        let tunnel = try a.up(variety.arguments(gateway))
        #expect(try a.changes(since: before.a) != [], comment)
        var isUnfinished = try way.perform(tunnel)
        if variety == .killSwitch, way.leavesKillSwitch {
            // That is what it is for.
            #expect(try a.shell("ip route show proto 203").contains("unreachable 10.30.0.0/16"), comment)
            #expect(try a.shell("nft list table ip iptund-mine").contains("10.30.0.0/16"), comment)
            isUnfinished = true
        }
        if isUnfinished {
            #expect(try a.runtimeDirectories != [], comment)
            try a.down(Variety.name)
        }
        #expect(try a.changes(since: before.a) == [], comment)
        #expect(try gateway.left.changes(since: before.left) == [], comment)
        try a.expectNothingToDo(Variety.name)
        #expect(try a.changes(since: before.a) == [], comment)
    }
}
