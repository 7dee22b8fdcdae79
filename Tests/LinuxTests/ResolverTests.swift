// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire

@Suite struct ResolverTests {
    @Test func `localhost is 127.0.0.1`() throws {
        #expect(try Resolver.address(of: "localhost") == IPv4Address(127, 0, 0, 1))
    }

    @Test func `an address is its own name`() throws {
        #expect(try Resolver.address(of: "192.0.2.7") == IPv4Address(192, 0, 2, 7))
    }

    @Test(arguments: ["", String(repeating: "a", count: 64) + ".invalid", "2001:db8::1"])
    func `what is no name of an IPv4 host throws in the resolver's words`(name: String) {
        #expect { try Resolver.address(of: name) } throws: { error in
            (error as? Resolver.Failure)?.description.isEmpty == false
        }
    }
}
