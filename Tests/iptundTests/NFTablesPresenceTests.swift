// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@testable import iptund

/// A question by netlink loads nf_tables into a kernel that has none, so the kernel's files are asked first.
@Suite struct NFTablesPresenceTests {
    /// (files of the host, whether nf_tables is there)
    @Test(
        arguments: [
            // It loads no modules: asking changes nothing.
            ([:], true),
            (["proc/modules": "nf_tables 303104 1 nft_chain_nat, Live 0x0\n"], true),
            (["proc/modules": "x_tables 1 0 - Live 0x0\n", "sys/module/nf_tables/refcnt": "0"], true),
            (["proc/modules": "nf_tables_set 1 0 - Live 0x0\n", "proc/kallsyms": "0 t nft_do_chains\n"], false),
            (["proc/modules": "", "proc/kallsyms": "0 T nft_do_chain\n0 T other\n"], true),
            // The names of functions may be hidden: then it has to be asked.
            (["proc/modules": "", "proc/kallsyms": ""], true),
            (["proc/modules": ""], true),
            (
                [
                    "proc/modules": "", "proc/sys/kernel/osrelease": "6.1.0\n",
                    "lib/modules/6.1.0/modules.builtin": "kernel/net/netfilter/x_tables.ko\n",
                ], false
            ),
            (
                [
                    "proc/modules": "", "proc/sys/kernel/osrelease": "6.1.0\n",
                    "lib/modules/6.1.0/modules.builtin": "kernel/net/netfilter/nf_tables.ko\n",
                ], true
            ),
        ] as [([String: String], Bool)])
    func `it is there when it is loaded or built in`(files: [String: String], isLoaded: Bool) throws {
        try withTemporaryDirectory { root in
            for (path, text) in files {
                var folder = root
                for part in path.split(separator: "/").dropLast() {
                    folder += "/\(part)"
                    _ = try Files.makeDirectory(folder, mode: 0o755)
                }
                try Files.create("\(root)/\(path)").write(Array(text.utf8))
            }
            #expect(NFTablesPresence(root: root).isLoaded == isLoaded)
        }
    }
}
