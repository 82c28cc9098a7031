// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.api;

import java.util.Base64;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads images from URLs that have them in them: {@code data:image/png;base64,…} (RFC 2397). */
final class DataUrl {
    private static final int SHOWN = 40;
    /** The type is not relied upon: what the bytes are, they say themselves. */
    private static final Pattern HEAD = Pattern.compile("data:image/[\\w.+-]{1,64};base64,", Pattern.CASE_INSENSITIVE);
    private static final Pattern OTHER = Pattern.compile("([a-z][a-z0-9+.-]*):.*", Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

    private DataUrl() {
    }

    /** The bytes; {@link ApiError} for any other URL. Nothing is ever fetched. */
    static byte[] read(String url, String field) {
        Matcher head = HEAD.matcher(url);
        if (!head.lookingAt()) {
            Matcher other = OTHER.matcher(url);
            String scheme = other.matches() ? other.group(1).toLowerCase(Locale.ROOT) : "";
            boolean fetched = !scheme.isEmpty() && !scheme.equals("data");
            throw ApiError.field(field, field + " begins with \"" + url.substring(0, Math.min(SHOWN, url.length())) + "\", expected data:image/png;base64,… (or jpeg, webp)"
                    + (fetched ? ": this server fetches nothing, so that a request cannot lead it to other machines or files; send the image itself" : ""));
        }
        try {
            return Base64.getDecoder().decode(url.substring(head.end()));
        } catch (IllegalArgumentException e) {
            throw ApiError.field(field, field + " is no base64 behind its comma: " + e.getMessage());
        }
    }
}
