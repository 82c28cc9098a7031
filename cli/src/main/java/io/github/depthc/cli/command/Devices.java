// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.command;

import io.github.depthc.cli.run.DeviceKind;

/** Values of {@code --device}. */
final class Devices extends EnumNames {
    Devices() {
        super(DeviceKind.class);
    }
}
