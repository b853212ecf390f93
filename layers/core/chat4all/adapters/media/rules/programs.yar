/* Rules see windows of 8 MiB. Each window begins with the last 64 KiB of the window before: `filesize` is the size
   of a window, and the pattern of a rule must fit into 64 KiB. Documents are packed; only ClamAV scans their contents. */

rule Windows_Program_Inside {
    meta:
        description = "A Windows program, perhaps hidden behind a picture: no accepted type contains a program"
    strings:
        $stub = /MZ[\x00-\xff]{60,200}This program (cannot|must) be run (in DOS mode|under Win32)[\x00-\xff]{1,600}PE\x00\x00/
    condition:
        $stub
}

rule PDF_Starts_A_Program {
    meta:
        description = "A PDF that runs a command when it is opened"
    strings:
        $launch = /\/Launch[^>]{0,400}\/F\s{0,8}\([^)]{0,200}(cmd|powershell|mshta|wscript|cscript|rundll32)/ nocase
    condition:
        $launch
}
