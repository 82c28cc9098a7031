// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli.newpass;

import io.github.depthc.ir.InputException;
import io.github.depthc.passes.api.PassSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.SourceVersion;

/**
 * A Maven project with one pass, its tests and a plug-in jar, for somebody to start from.
 *
 * @param name        of the pass and of the project: lower case words joined by {@code -}
 * @param javaPackage of its classes
 */
public record PassProject(String name, String javaPackage) {
    private static final String SUFFIX = "Pass";
    private static final int MOST_LETTERS = 100;
    /** First words of packages whose classes a jar may not have, or that the JDK's hide. */
    private static final Set<String> JAVAS_OWN = Set.of("java", "javax", "jdk", "sun");
    /** What stands before and behind a word that is filled in. */
    private static final String MARK = "@";

    public PassProject {
        PassSpec.nameFault(name).ifPresent(fault -> {
            throw new InputException("the name of a pass is '" + name + "'" + fault);
        });
        if (name.length() > MOST_LETTERS) {
            throw new InputException("the name of a pass has " + name.length() + " letters, expected at most " + MOST_LETTERS + "; file names are made of it");
        }
        if (JAVAS_OWN.contains(javaPackage.split("\\.", 2)[0])) {
            throw new InputException("the package is '" + javaPackage + "', which is Java's own; give another one with --package");
        }
        if (!SourceVersion.isName(javaPackage)) {
            throw new InputException("the package is '" + javaPackage + "', expected Java names joined by '.' that are no keywords; give another one "
                    + "with --package");
        }
    }

    /** A package for a pass whose author names none. */
    public static String packageFor(String name) {
        return "com.example." + name.replace("-", "");
    }

    /** The class of the pass. */
    String className() {
        String words = Arrays.stream(name.split("-")).map(w -> w.substring(0, 1).toUpperCase(Locale.ROOT) + w.substring(1)).collect(Collectors.joining());
        return words.endsWith(SUFFIX) && !words.equals(SUFFIX) ? words : words + SUFFIX;
    }

    /** The files, by their paths in the project. */
    public SequencedMap<String, String> files() {
        Map<String, String> words = words();
        var files = new LinkedHashMap<String, String>();
        String path = javaPackage.replace('.', '/');
        String main = "src/main/java/" + path + "/";
        String test = "src/test/java/" + path + "/";
        files.put("pom.xml", filled("pom.xml", words));
        files.put("README.md", filled("README.md", words));
        files.put(".gitignore", filled("gitignore", words));
        files.put(main + className() + ".java", filled("Pass.java", words));
        files.put(main + "Plugin.java", filled("Plugin.java", words));
        files.put("src/main/resources/META-INF/services/io.github.depthc.passes.api.PassProvider", filled("services", words));
        files.put(test + className() + "TextTest.java", filled("TextTest.java", words));
        files.put(test + className() + "ValueTest.java", filled("ValueTest.java", words));
        for (String text : new String[] {"marks-every-second-layer.mir", "marked-layers-are-converted.mir", "option-out-of-range.mir",
            "after-lowering-it-does-not-apply.mir"}) {
            files.put("src/test/resources/mir/" + text, filled(text, words));
        }
        return files;
    }

    /** Writes the files below a folder that exists. */
    public void write(Path folder) throws IOException {
        for (var file : files().entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
        }
    }

    private Map<String, String> words() {
        var versions = new Properties();
        try (InputStream in = PassProject.class.getResourceAsStream("versions.properties")) {
            versions.load(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        var words = new LinkedHashMap<String, String>();
        versions.stringPropertyNames().forEach(n -> words.put(n, versions.getProperty(n)));
        words.put("name", name);
        words.put("Class", className());
        words.put("package", javaPackage);
        words.put("path", javaPackage.replace('.', '/'));
        return words;
    }

    private static String filled(String template, Map<String, String> words) {
        String text;
        try (InputStream in = PassProject.class.getResourceAsStream(template + ".template")) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        for (var word : words.entrySet()) {
            text = text.replace(MARK + word.getKey() + MARK, word.getValue());
        }
        return text;
    }
}
