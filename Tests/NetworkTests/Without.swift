// SPDX-License-Identifier: Apache-2.0

import Linux

/// A host whose kernel lacks something, as far as `Tests/Tools/without.py` can pretend it.
enum Without {
    /// What becomes another program for which there is no nftables.
    static let nftables = ["/usr/bin/python3", path, "nftables"]

    private static let path =
        #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Tools/without.py"
}
