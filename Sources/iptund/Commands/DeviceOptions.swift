// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration

/// What `up` lets people say about the device and about routes.
struct DeviceOptions: ParsableArguments {
    @Option(name: .key(.device), help: .key(.device))
    var device: [String] = []

    @Option(name: .key(.address), help: .key(.address))
    var address: [String] = []

    @Option(name: .key(.mtu), help: .key(.mtu))
    var mtu: [String] = []

    @Option(name: .key(.namespace), help: .key(.namespace))
    var namespace: [String] = []

    @Option(name: .key(.table), help: .key(.table))
    var table: [String] = []

    @Flag(name: .key(.forward), help: .key(.forward))
    var forward = false

    @Option(
        name: .customLong("forward-device"),
        help: ArgumentHelp(
            "Forward between the tunnel and this device alone; may be given more than once.", valueName: "dev"))
    var forwardDevices: [String] = []

    @Option(name: .key(.proxyARP), help: .key(.proxyARP))
    var proxyARP: [String] = []

    @Option(name: .key(.firewallMark), help: .key(.firewallMark))
    var firewallMark: [String] = []

    @Flag(name: .key(.killSwitch), help: .key(.killSwitch))
    var killSwitch = false

    @Flag(help: "The same, and IPv6 leaves this host for neighbours on the link only.")
    var killSwitchAll = false

    /// What was given.
    var entries: [Entry] {
        Entry.given(.device, device) + Entry.list(.address, address) + Entry.given(.mtu, mtu)
            + Entry.given(.namespace, namespace) + Entry.given(.table, table) + Entry.given(.forward, isSet: forward)
            + Entry.list(.forward, forwardDevices)
            + Entry.given(.proxyARP, proxyARP) + Entry.given(.firewallMark, firewallMark)
            + Entry.given(.killSwitch, isSet: killSwitch && !killSwitchAll)
            + Entry.given(.killSwitch, killSwitchAll ? [KillSwitch.all.rawValue] : [])
    }
}
