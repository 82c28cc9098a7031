// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.backend.bundle;

/** Paths inside a bundle as {@code bundle.json} writes them: relative, with {@code /}. */
final class BundlePaths {
    private BundlePaths() {
    }

    /** True for a path that names something inside the folder on every system. */
    static boolean isInside(String path) {
        if (path.isEmpty() || path.indexOf('\\') >= 0 || path.indexOf(':') >= 0 || path.chars().anyMatch(Character::isISOControl)) {
            return false;
        }
        for (String part : path.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return false;
            }
        }
        return true;
    }

    /** True for the plain name of a file in the bundle's own folder. */
    static boolean isPlainName(String name) {
        return isInside(name) && name.indexOf('/') < 0;
    }
}
