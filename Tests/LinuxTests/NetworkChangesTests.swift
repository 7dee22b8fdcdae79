// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing

@Suite(.needsRoot) struct NetworkChangesTests {
    /// Whether anything was heard of what `script` did, and whether anything was left to hear after that.
    private func hears(_ script: String, after preparation: String = ":") throws -> [Bool] {
        try inFreshNetwork {
            let device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none; \(preparation)")
            let changes = try NetworkChanges()
            try shell(script)
            var interests = [Poll.Interest.reading(changes.descriptor)]
            try Poll.wait(for: &interests, timeoutMilliseconds: 200)
            _ = device.name
            return [interests[0].isReady, changes.drain(), changes.drain()]
        }
    }

    @Test(arguments: [
        "ip link set network mtu 1400", "ip link set network up", "ip address add 10.0.0.1/24 dev network",
    ])
    func `a change is heard once`(script: String) throws {
        #expect(try hears(script) == [true, true, false])
    }

    @Test func `routes are heard of`() throws {
        let up = "ip link set network up; ip address add 10.0.0.1/24 dev network"
        #expect(try hears("ip route add 10.1.0.0/16 dev network", after: up) == [true, true, false])
    }

    @Test func `where nothing changes nothing is heard`() throws {
        #expect(try hears("ip link show >/dev/null") == [false, false, false])
    }

    @Test func `more changes than there is room for are still a change`() throws {
        let heard = try inFreshNetwork {
            let device = try TUNDevice(name: "network")
            let changes = try NetworkChanges()
            try changes.descriptor.set(SOL_SOCKET, SO_RCVBUF, to: 1)
            try shell("for mtu in $(seq 1300 1330); do ip link set network mtu $mtu; done")
            _ = device.name
            return [changes.drain(), changes.drain()]
        }
        #expect(heard == [true, false])
    }
}
