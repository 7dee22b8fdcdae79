// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct Demo: ParsableCommand {
    func run() throws {}
}
