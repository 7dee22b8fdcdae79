// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@Suite struct SysctlTests {
    @Test(.needsRoot, arguments: [0, 1] as [UInt32]) func `a setting is that of the thread's network`(value: UInt32)
        throws
    {
        let outside = try Sysctl.read("conf/all/send_redirects")
        let (read, printed) = try inFreshNetwork {
            try Sysctl.write(value, to: "conf/all/send_redirects")
            return (
                try Sysctl.read("conf/all/send_redirects"), try shell("cat /proc/sys/net/ipv4/conf/all/send_redirects")
            )
        }
        #expect(read == value)
        #expect(printed == "\(value)\n")
        #expect(try Sysctl.read("conf/all/send_redirects") == outside)
    }

    @Test func `what is not there, not a number, or outside of IPv4 is refused`() {
        func error(_ name: String) -> Errno? { thrown { () throws(Errno) in _ = try Sysctl.read(name) } }
        #expect(error("conf/all/absent") == .noSuchFile)
        #expect(error("tcp_available_congestion_control") == .invalidArgument)
        for name in [
            "../core/somaxconn", "conf/../ip_forward", "conf//all/forwarding", "/ip_forward", "./ip_forward", "",
        ] {
            #expect(error(name) == .invalidArgument, "\(name)")
        }
    }
}
