// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** What a name stands for that nobody has given a value: shown as nothing, false, and an error to look into. */
enum Undefined {
    VALUE
}
