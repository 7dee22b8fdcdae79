// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct PingOutputTests {
    @Test func `every reply's time is read, in microseconds`() {
        let text = """
            PING 10.200.1.2 (10.200.1.2) 56(84) bytes of data.
            64 bytes from 10.200.1.2: icmp_seq=1 ttl=64 time=0.266 ms
            64 bytes from 10.200.1.2: icmp_seq=2 ttl=64 time=12 ms
            64 bytes from 10.200.1.2: icmp_seq=2 ttl=64 time=13 ms (DUP!)

            --- 10.200.1.2 ping statistics ---
            3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 20ms
            rtt min/avg/max/mdev = 0.266/6.133/12.000/5.867 ms
            """
        #expect(PingOutput.microseconds(text) == [266, 12_000])
    }

    @Test(arguments: ["", "ping: connect: Network is unreachable", "time=", "time=x ms"])
    func `where there is no reply, there is no time`(text: String) {
        #expect(PingOutput.microseconds(text).isEmpty)
    }
}
