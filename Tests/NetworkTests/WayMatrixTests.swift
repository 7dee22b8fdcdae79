// SPDX-License-Identifier: Apache-2.0

import Testing

/// Whatever way a peer is named, whatever is behind it, and whatever becomes of the way to it: the tunnel carries again soon, it is
/// the same process, nothing goes round, and the kill switch lets nothing out.
@Suite(.needsRoot)
struct WayMatrixAddressTests {
    @Test(arguments: WayMatrix.all(.address)) func `a peer by address`(case matrix: WayMatrix) throws {
        try matrix.run()
    }
}

/// The same, and the name server is behind the way.
@Suite(.needsRoot)
struct WayMatrixNameTests {
    @Test(arguments: WayMatrix.all(.name)) func `a peer by name`(case matrix: WayMatrix) throws { try matrix.run() }
}
