// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/**
 * What stands for a value that is not there: shown as nothing, false, empty, and an error to look into or count with.
 *
 * @param what what is not there
 */
record Undefined(String what) {
    TemplateException error() {
        return new TemplateException(what + " is undefined");
    }
}
