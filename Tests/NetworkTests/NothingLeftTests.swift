// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Whatever a tunnel changed on its host, and however it ends: nothing of it is left.
@Suite(.needsRoot)
struct NothingLeftTests {
    /// See ``Lab/gateway()`` for the network.
    @Test(arguments: Variety.allCases, WayToEnd.allCases)
    func `nothing is left`(of variety: Variety, after way: WayToEnd) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let a = gateway.a
            try variety.prepare(gateway)
            let before = (a: try a.state, left: try gateway.left.state)
            let tunnel = try a.up(variety.arguments(gateway) + way.arguments)
            #expect(try a.changes(since: before.a) != [])
            var isUnfinished = try way.perform(tunnel)
            if variety == .killSwitch, way.isViolent {
                // That is what it is for.
                #expect(try a.shell("ip route show proto 203").contains("unreachable 10.30.0.0/16"))
                isUnfinished = true
            }
            if isUnfinished {
                #expect(try a.runtimeDirectories != [])
                try a.down(Variety.name)
            }
            #expect(try a.changes(since: before.a) == [])
            #expect(try gateway.left.changes(since: before.left) == [])
            try a.expectNothingToDo(Variety.name)
            #expect(try a.changes(since: before.a) == [])
        }
    }
}
